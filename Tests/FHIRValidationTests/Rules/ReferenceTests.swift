import FHIRModel
import FHIRValidation
import Testing

@Suite struct `References, contained resources and entries` {
  @Test(arguments: [
    "Patient/1", "Patient/1/_history/2", "http://example.org/fhir/Patient/1", "#p", "urn:oid:1.2.3",
    "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "Patient?identifier=a|b", "http://example.org/anything",
    "Patient?name=Ann Bee", "https://example.org/fhir/Patient/1/_history/3",
  ])
  func `literal references of every form`(text: String) throws {
    try expectMarked(
      #"""
      {"resourceType": "Encounter", "contained": [{"resourceType": "Patient", "id": "p", "link": [
        {"type": "seealso", "other": {"reference": "#p"}}]}],
       "status": "planned", "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}, "subject": {"reference": "\#(text)"}}
      """#)
  }

  @Test(arguments: [
    "Patient", "Patient/", "Patient/a_b", "/Patient/1", "1", "Patient/1/2", "Patent/1", "Patient/1/_history/",
    "Patient/1/$everything", "patient/1", "Foo?a=b", "no reference", "Patient/1 ", " Patient/1", "Patient /1",
    "http://example.org/Patient/a b", "urn:x:a b",
  ])
  func `texts that are no reference`(text: String) throws {
    try expectMarked(
      #"""
      {"resourceType": "Encounter", "status": "planned", "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
       "subject": {⟦reference-syntax⟧"reference": "\#(text)"}}
      """#)
  }

  @Test func `targets of a type that the element may not refer to`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Encounter", "contained": [{"resourceType": "EpisodeOfCare", "id": "a",
        "status": "active", ⟦reference-target⟧"patient": {"reference": "#"}}], "status": "planned", "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
       ⟦reference-target⟧"subject": {"reference": "Practitioner/1"},
       ⟦reference-target⟧"serviceProvider": {"type": "Patient", "display": "x"},
       "episodeOfCare": [⟦reference-target⟧{"reference": "https://example.org/fhir/Patient/1"},
         ⟦reference-target⟧{"type": "EpisodeOfCare", "reference": "Patient/1"},
         {"type": "EpisodeOfCare", "reference": "#a"}, {⟦reference-target⟧"type": "Episode"}]}
      """#)
    #expect(issues.contains { $0.message.contains("Patient, Group") })
  }

  @Test func `targets that are contained are of a type that the element may refer to`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", "contained": [{"resourceType": "Practitioner", "id": "a"},
        {"resourceType": "Organization", "id": "b", "name": "x"}],
       ⟦reference-target⟧"managingOrganization": {"reference": "#a"},
       "generalPractitioner": [{"reference": "#a"}, {"reference": "#b"}, ⟦reference-target⟧{"reference": "#"}],
       "extension": [{"url": "http://example.org/any", "valueReference": {"reference": "#a"}}]}
      """#)
    try expectMarked(
      """
      <Patient xmlns="http://hl7.org/fhir"><contained><Practitioner><id value="a"/></Practitioner></contained>
       ⟦reference-target⟧<managingOrganization><reference value="#a"/></managingOrganization></Patient>
      """)
  }

  @Test func `contained resources`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", "contained": [⟦contained⟧{"resourceType": "Organization", "name": "x"},
        {"resourceType": "Organization", "id": "a", "name": "x", "contained": [
          ⟦dom-2⟧{"resourceType": "Organization", "id": "b", "name": "x"}]}],
       "managingOrganization": {"reference": "#a"}}
      """#)
  }

  @Test func `contained resources that nothing refers to, and that bear metadata`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "ActivityDefinition", "status": "draft", "library": ["#lib"], "contained": [
        {"resourceType": "Library", "id": "lib", "status": "draft",
         "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/library-type", "code": "logic-library"}]}},
        ⟦dom-3⟧{"resourceType": "Organization", "id": "a", "name": "x"},
        {"resourceType": "Patient", "id": "b", "meta": {⟦dom-4⟧"versionId": "1", "security": [⟦dom-5⟧{"display": "x"}]},
         "extension": [{"url": "http://example.org/of", "valueReference": {"reference": "#"}}]},
        {"resourceType": "Patient", "id": "c", "meta": {⟦dom-4⟧"lastUpdated": "2024-05-01T10:00:00Z"},
         "extension": [{"url": "http://example.org/of", "valueReference": {"reference": "#"}}]},
        ⟦dom-3⟧{"resourceType": "Organization", "id": "d", "name": "#d"}]}
      """#)
    #expect(issues.allSatisfy { $0.expression == "ActivityDefinition" })
  }

  @Test func `thousands of contained resources and of references to them`() throws {
    let count = 5000
    let contained = (0..<count).map { #"{"resourceType":"Basic","id":"c\#($0)","code":{"text":"x"}}"# }
    let entries = (1..<count).map { ##"{"item":{"reference":"#c\##($0)"}}"## }
    let text = #"""
      {"resourceType":"List","status":"current","mode":"working","contained":[\#(contained.joined(separator: ","))],
       "entry":[\#(entries.joined(separator: ","))]}
      """#
    #expect(try findings(text).map(\.rule.code) == ["dom-3"])
  }

  @Test func `references to contained resources that are not there`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": {"status": "200"}, "resource":
       {"resourceType": "Patient", "contained": [
         {"resourceType": "Organization", "id": "a", "name": "x", "partOf": {"reference": "#b"}},
         {"resourceType": "Organization", "id": "b", "name": "x", "partOf": {⟦ref-1⟧"reference": "#c"}}],
        "extension": [{"url": "http://example.org/e", "valueReference": {⟦ref-1⟧"reference": "#p"}}],
        "managingOrganization": {"reference": "#a"}}},
       {"response": {"status": "200"}, "resource": {"resourceType": "Patient", "managingOrganization": {⟦ref-1⟧"reference": "#a"}}}]}
      """#)
  }

  @Test func `entries of a Bundle that are no objects`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Bundle", "type": "history", "entry": [⟦value-kind⟧⟦bdl-3⟧⟦bdl-4⟧null, ⟦value-kind⟧"a", ⟦value-kind⟧[]]}
      """#)
    #expect(
      issues.filter { $0.rule == .valueKind }.allSatisfy {
        $0.message.contains("must be a JSON object, not ")
      })
  }

  @Test func `entries of a Bundle`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Bundle", "type": "collection", "entry": [
       {"fullUrl": "http://example.org/Patient/1", "resource": {"resourceType": "Patient", "id": "1"}},
       ⟦bundle-entry⟧{"fullUrl": "http://example.org/Patient/2", "resource": {"resourceType": "Patient", "id": "1"}},
       ⟦bundle-entry⟧{"fullUrl": "http://example.org/Group/1", "resource": {"resourceType": "Patient", "id": "1"}},
       ⟦bundle-entry⟧{"fullUrl": "http://example.org/Patient/3", "resource": {"resourceType": "Patient"}},
       {⟦bundle-entry⟧"fullUrl": "Patient/1", "resource": {"resourceType": "Patient", "id": "1"}},
       {⟦bdl-8⟧"fullUrl": "http://example.org/Patient/1/_history/2", "resource": {"resourceType": "Patient"}},
       ⟦bdl-5⟧{"fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
       {"fullUrl": "urn:uuid:c757873d-ec9a-4326-a141-556f43239521", "resource": {"resourceType": "Patient", "id": "7"}},
       {"fullUrl": "http://example.org/Patient/7", "resource": {"resourceType": "Patient", "id": "7", ⟦binding-required⟧"gender": "m"}},
       ⟦bdl-3⟧{"request": {"method": "DELETE", "url": "Patient/1"}}, {⟦cardinality-min⟧"request": {"method": "DELETE"}}]}
      """#)
    #expect(issues.map(\.expression).contains("Bundle.entry[8].resource.gender"))
    #expect(issues.map(\.expression).contains("Bundle.entry[10].request"))
    #expect(issues.map(\.expression).contains("Bundle.entry[1]"))
  }
}
