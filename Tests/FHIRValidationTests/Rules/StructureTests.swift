import FHIRModel
import FHIRValidation
import Testing

@Suite struct `Structure in JSON` {
  @Test func `a sound resource has no findings`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", "id": "a", "active": true,
       "name": [{"family": "Roe", "given": ["Ann", "B"], "_given": [null, {"extension": [
          {"url": "http://example.org/x", "valueInteger": 3}]}]}],
       "_birthDate": {"extension": [{"url": "http://example.org/y", "valueCode": "unknown"}]},
       "multipleBirthInteger": 2,
       "contact": [{"name": {"text": "Bo"}, "gender": "other"}]}
      """#)
  }

  @Test func `elements that a type does not have`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Patient",
       ⟦unknown-element⟧"gendre": "male",
       "contact": [{⟦unknown-element⟧"status": "x", "name": {"text": "A"}}],
       "name": [{"text": "A"}, {"text": "B", ⟦unknown-element⟧"middle": {"given": [1]}}]}
      """#)
    #expect(issues.map(\.expression) == ["Patient", "Patient.contact[0]", "Patient.name[1]"])
    #expect(issues[0].message.contains("did you mean 'gender'?"))
  }

  @Test func `missing elements, at their parent`() throws {
    let issues = try expectMarked(
      #"""
      ⟦cardinality-min⟧{"resourceType": "Observation", "status": "final",
       "component": [⟦cardinality-min⟧{"valueString": "x"}]}
      """#)
    #expect(issues.map(\.expression) == ["Observation", "Observation.component[0]"])
    #expect(issues[1].message.contains("Observation.component.code"))
  }

  @Test func `two values of one choice`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", "deceasedBoolean": false, ⟦choice-multiple⟧"deceasedDateTime": "2020"}
      """#)
  }

  @Test func `types that a choice does not offer`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Patient", ⟦choice-type⟧"deceasedString": "x", ⟦choice-type⟧"multipleBirth": 1,
       ⟦choice-type⟧"multipleBirthFoo": 1}
      """#)
    #expect(issues[0].message.contains("may not be of type String"))
    #expect(issues[0].message.contains("deceasedBoolean, deceasedDateTime"))
    #expect(issues[1].message.contains("must be written with its type"))
    #expect(issues[2].message.contains("FHIR has no type of that name"))
  }

  @Test func `a choice is located by its type`() throws {
    let issues = try findings(
      #"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":"1"}}"#)
    #expect(issues.map(\.expression) == ["Observation.value.ofType(Quantity).value"])
    #expect(issues.map(\.rule) == [.valueKind])
  }

  @Test func `arrays where none is due, and the reverse`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Patient", "gender": [⟦array-unexpected⟧"male"], "birthDate": [⟦array-unexpected⟧"2020", "2021"],
       ⟦array-expected⟧"name": {"text": "A"}, "contact": [{"name": [⟦array-unexpected⟧{"text": "B"}]}],
       ⟦array-empty⟧"photo": [], "address": [{⟦array-expected⟧"line": "x"}], "telecom": [⟦array-unexpected⟧[]]}
      """#)
    #expect(issues.map(\.expression).contains("Patient.name"))
    #expect(issues.map(\.expression).contains("Patient.contact[0].name"))
    #expect(issues.map(\.expression).contains("Patient.photo"))
  }

  @Test func `values of the wrong kind`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", ⟦value-kind⟧"active": "true", ⟦value-kind⟧"birthDate": 2020,
       "name": [⟦value-kind⟧"Bob"], ⟦value-kind⟧"gender": {"code": "male"},
       ⟦value-kind⟧"maritalStatus": "M", ⟦value-kind⟧"multipleBirthInteger": "2",
       "identifier": [{⟦value-kind⟧"value": 5, ⟦value-kind⟧"system": true}]}
      """#)
  }

  @Test func `nothing where something is due`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", ⟦element-empty⟧"maritalStatus": {}, ⟦string-empty⟧"language": "",
       ⟦null-value⟧"birthDate": null, "name": [⟦element-empty⟧{}, {⟦null-value⟧"text": null, "given": [⟦null-value⟧null]}],
       ⟦element-empty⟧"_gender": {}}
      """#)
  }

  @Test func `an id alone is no content`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", "id": "p", ⟦element-empty⟧"meta": {"id": "m"}, "name": [⟦element-empty⟧{"id": "a"},
        {"id": "b", "text": "Ann"}, {"id": "c", "extension": [{"url": "http://example.org/x", "valueCode": "u"}]}],
       ⟦element-empty⟧"maritalStatus": {"id": "d"}}
      """#)
    try expectMarked(
      #"<Patient xmlns="http://hl7.org/fhir"><id value="p"/>⟦element-empty⟧<name id="a"/></Patient>"#)
  }

  @Test func `a companion beside what XML writes as an attribute`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", "id": "p", "_id": {"extension": [{"url": "http://example.org/x", "valueCode": "u"}]},
       "name": [{⟦json-companion⟧"id": "n", "_id": {"id": "x"}, "text": "Ann"}],
       "extension": [{⟦json-companion⟧"url": "http://example.org/x", "_url": {"id": "x"}, "valueCode": "u"}]}
      """#)
  }

  @Test func `a companion without content`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", ⟦element-empty⟧"gender": "male", "_gender": {},
       "name": [{"given": [⟦element-empty⟧"A", "B"], "_given": [{}, null]}], "active": true, "_active": {"id": "a"}}
      """#)
  }

  @Test func `a companion beside what is no primitive`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", ⟦json-companion⟧"_maritalStatus": {"id": "a"}}
      """#)
  }

  @Test func `resource types that there are not`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Patient", "contained": [
        ⟦resource-type⟧{"resourceType": "Organisation", "id": "a"},
        ⟦resource-type⟧{"id": "b"}, ⟦resource-type⟧{"resourceType": "DomainResource", "id": "c"},
        ⟦resource-type⟧{"resourceType": "HumanName", "id": "d"}]}
      """#)
    #expect(issues[0].message.contains("did you mean Organization?"))
    #expect(issues.map(\.expression) == (0..<4).map { "Patient.contained[\($0)]" })
  }

  @Test(arguments: [
    (#"⟦resource-type⟧"resourceType": 7"#, "a JSON number"),
    (#"⟦resource-type⟧"resourceType": null"#, "null"),
    (#""resourceType": [⟦resource-type⟧"Patient"]"#, "an array"),
    (#"⟦resource-type⟧"resourceType": {}"#, "a JSON object"),
  ])
  func `a resource type that is no string`(member: String, words: String) throws {
    let issues = try expectMarked(#"{"id": "a", \#(member)}"#)
    #expect(
      issues[0].message.contains("must be a JSON string") && issues[0].message.hasSuffix("not \(words)"))
  }

  @Test(arguments: [
    ("ProcedureRequest", "is one of FHIR DSTU2 or STU3, for which R4 has ServiceRequest"),
    ("ImagingManifest", "is one of FHIR DSTU2 or STU3"), ("Citation", "is one of FHIR R4B and R5"),
    ("InventoryItem", "is one of FHIR R5"),
  ])
  func `a resource type of another release is told as such`(type: String, words: String) throws {
    let issues = try expectMarked(#"⟦resource-type⟧{"resourceType": "\#(type)", "id": "a"}"#)
    #expect(issues[0].message.hasSuffix(": \(type) \(words)"), "\(issues[0].message)")
  }

  @Test(arguments: ["resourcetype", "ResourceType", "resource_type"])
  func `a resourceType written otherwise is recognized`(name: String) throws {
    let text = #"⟦resource-type⟧{"\#(name)": "Patient", "id": "a"}"#
    #expect(try expectMarked(text)[0].message.hasSuffix("did you mean resourceType by `\(name)`?"))
    let inner = try expectMarked(#"{"resourceType": "Patient", "contained": [\#(text)]}"#)
    #expect(inner[0].message.hasSuffix("did you mean resourceType by `\(name)`?"))
  }

  @Test func `a bulk export's manifest under another name is told as one`() throws {
    let issues = try expectMarked(
      #"⟦resource-type⟧{"transactionTime": "2024-01-01T00:00:00Z", "output": [{"type": "Patient", "url": "p"}]}"#
    )
    #expect(issues[0].message.contains("known by its name: manifest.json"))
  }

  @Test func `a code outside of its required value set`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/1"},
       ⟦binding-required⟧"criticality": "huge", "category": ["food", ⟦binding-required⟧"foot"],
       ⟦binding-required⟧"clinicalStatus": {"coding": [{"system": "http://example.org", "code": "active"}]},
       ⟦binding-required⟧"verificationStatus": {"text": "confirmed"}, ⟦binding-required⟧"language": "deutsch_1"}
      """#)
    let criticality = try #require(issues.first { $0.expression == "AllergyIntolerance.criticality" })
    #expect(criticality.message.contains("low, high, unable-to-assess"))
    #expect(!criticality.message.contains("huge"))
  }

  @Test func `one right coding of several is enough`() throws {
    try expectMarked(
      #"""
      {"resourceType": "AllergyIntolerance", "patient": {"reference": "Patient/1"},
       "clinicalStatus": {"coding": [{"system": "http://example.org", "code": "x"},
         {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}]}}
      """#)
  }

  @Test func `primitives, with their extensions`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", ⟦primitive-range⟧"birthDate": "2023-02-30",
       "_birthDate": {"extension": [{"url": "http://example.org/x", ⟦primitive-format⟧"valueInstant": "2020"}]},
       ⟦primitive-format⟧"id": "a_b", ⟦primitive-format⟧"deceasedDateTime": "2020-01-01T10:00:00",
       "name": [{⟦primitive-format⟧"id": "a b", "text": "Ann"}],
       ⟦primitive-range⟧"multipleBirthInteger": 3000000000, ⟦primitive-format⟧"implicitRules": "a\u0020b",
       "photo": [{"contentType": "image/png", ⟦primitive-format⟧"data": "abc"}]}
      """#)
  }

  @Test func `values are shown only if asked for`() throws {
    let text = #"{"resourceType":"Patient","birthDate":"31.12.1999"}"#
    let hidden = try findings(text)
    #expect(hidden.count == 1 && !hidden[0].message.contains("31.12.1999"))
    let shown = try findings(text, options: ValidationOptions(showValues: true))
    #expect(shown.count == 1 && shown[0].message.contains("31.12.1999"))
  }

  @Test func `a flood of findings ends with one that says so`() throws {
    let contacts = Array(repeating: #"{"gender":"x"}"#, count: 50).joined(separator: ",")
    let text = #"{"resourceType":"Patient","contact":[\#(contacts)]}"#
    let issues = try findings(text, options: ValidationOptions(maxIssues: 10))
    #expect(issues.count == 11)
    #expect(issues.last?.rule == .tooManyIssues)
  }

  @Test func `ids of elements are unique within a resource`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Patient", "id": "a", "name": [{"id": "a", "text": "A"}, {⟦element-id⟧"id": "a", "text": "B"}],
       "contained": [{"resourceType": "Organization", "id": "o", "name": "x", "address": [{"id": "a", "text": "C"}]}],
       "managingOrganization": {"reference": "#o"}}
      """#)
    #expect(issues.map(\.expression) == ["Patient.name[1]"])
  }

  @Test func `an id is no content`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Patient", ⟦element-empty⟧"_birthDate": {"id": "a"}}
      """#)
  }

  @Test func `what SimpleQuantity takes from Quantity`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueQuantity": {"comparator": "<", "value": 1},
       "referenceRange": [{"low": {"value": 1, ⟦cardinality-max⟧"comparator": "<"}}]}
      """#)
    #expect(issues.map(\.expression) == ["Observation.referenceRange[0].low"])
  }

  @Test func `text beyond what a string may hold, and control characters`() throws {
    let long = String(repeating: "x", count: (1 << 20) + 1)
    try expectMarked(
      #"""
      {"resourceType": "Patient", "name": [{⟦primitive-range⟧"text": "\#(long)", ⟦primitive-format⟧"family": "a\u0013"}]}
      """#)
  }

  @Test func `deep nesting is walked`() throws {
    var text = #"{"url":"http://example.org/x","valueCode":"x"}"#
    for _ in 0..<120 { text = #"{"url":"http://example.org/x","extension":[\#(text)]}"# }
    try expectMarked(#"{"resourceType": "Patient", "extension": [\#(text)]}"#)
  }

  @Test func `a tree that comes from no file is not asked for arrays`() throws {
    let text = TextBuffer()
    let tree = ResourceTree(text: text, origin: .none)
    func add(_ name: String, _ kind: ValueKind, _ value: String, below: () throws -> Void = {}) throws {
      let id = name.isEmpty ? NameID.root : try #require(DefinitionTable.r4.nameID(name))
      let start = text.append(value)
      let node = tree.append(
        Node(name: id, flags: NodeFlags(kind), textStart: UInt32(start), textLength: UInt32(value.utf8.count))
      )
      try below()
      tree.close(node)
    }
    try add("", .resource, "Patient") {
      try add("gender", .string, "m")
      try add("name", .none, "") { try add("family", .string, "Roe") }
    }
    tree.textMoved(to: text)
    var issues: [FHIRModel.Issue] = []
    Validator().validate(tree, into: &issues)
    #expect(issues.map(\.rule) == [.bindingRequired])
    #expect(issues.map(\.position) == [nil])
  }
}
