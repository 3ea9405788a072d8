import FHIRFormats
import FHIRModel
import FHIRValidation
import Testing

@Suite struct `A Bundle as a whole` {
  @Test(arguments: [
    ("document", "total", "bdl-1"), ("message", "total", "bdl-1"), ("collection", "total", "bdl-1"),
  ])
  func `total is a searchset's and a history's`(type: String, member: String, key: String) throws {
    let issues = try findings(
      #"{"resourceType":"Bundle","type":"\#(type)","total":1,"entry":[]}"#)
    #expect(issues.contains { $0.rule == .invariant(key) && $0.expression == "Bundle" })
  }

  @Test func `a collection's entries have neither search, request nor response`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Bundle", "type": "collection", ⟦bdl-1⟧"total": 2, "entry": [
        {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": {"resourceType": "Patient"}},
        ⟦bdl-2⟧⟦bdl-3⟧⟦bdl-4⟧{"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000002", "search": {"mode": "match"},
         "resource": {"resourceType": "Patient"}, "request": {"method": "GET", "url": "Patient/1"},
         "response": {"status": "200"}}]}
      """#)
    #expect(issues.map(\.expression) == ["Bundle", "Bundle", "Bundle", "Bundle"])
    #expect(issues.allSatisfy { $0.rule.issueType == .invariant })
  }

  @Test func `a transaction's entries have a request, a history's a request and a response`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Bundle", "type": "transaction", "entry": [
        {"resource": {"resourceType": "Patient"}, "request": {"method": "POST", "url": "Patient"}},
        ⟦bdl-3⟧{"resource": {"resourceType": "Patient"}}, {"resource": {"resourceType": "Patient"}}]}
      """#)
    try expectMarked(
      #"""
      {"resourceType": "Bundle", "type": "history", "total": 1, "entry": [
        ⟦bdl-3⟧⟦bdl-4⟧{"fullUrl": "http://example.org/fhir/Patient/1", "resource": {"resourceType": "Patient", "id": "1"}}]}
      """#)
    try expectMarked(
      #"""
      {"resourceType": "Bundle", "type": "batch-response", "entry": [
        {"response": {"status": "200"}}, ⟦bdl-4⟧{"resource": {"resourceType": "Patient"}}]}
      """#)
  }

  @Test func `a document has an identifier, a timestamp, and a Composition first`() throws {
    try expectMarked(
      #"""
      ⟦bdl-9⟧⟦bdl-10⟧{"resourceType": "Bundle", "type": "document", "identifier": {"value": "1"}, "entry": [
        ⟦bdl-11⟧{"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": {"resourceType": "Patient"}}]}
      """#)
    try expectMarked(
      #"""
      ⟦bdl-11⟧{"resourceType": "Bundle", "type": "document", "timestamp": "2024-05-01T10:00:00Z",
       "identifier": {"system": "http://example.org", "value": "1"}}
      """#)
  }

  @Test func `a message begins with a MessageHeader`() throws {
    try expectMarked(
      """
      <Bundle xmlns="http://hl7.org/fhir"><type value="message"/>
        ⟦bdl-12⟧<entry><fullUrl value="urn:uuid:00000000-0000-4000-8000-000000000001"/>
          <resource><Patient/></resource></entry>
      </Bundle>
      """)
  }

  @Test func `entries of one fullUrl must be of different versions`() throws {
    func bundle(_ type: String, _ version: String) -> String {
      let patient =
        #""fullUrl": "http://example.org/fhir/Patient/1", "resource": {"resourceType": "Patient", "id": "1""#
      return """
        {"resourceType": "Bundle", "type": "\(type)", "entry": [{\(patient), "meta": {"versionId": "1"}}},
         {⟦bdl-7⟧\(patient), "meta": {"versionId": "\(version)"}}}]}
        """
    }
    try expectMarked(bundle("collection", "1"))
    try expectMarked(bundle("collection", "2").replacing("⟦bdl-7⟧", with: ""))
  }

  @Test func `what has no fullUrl where one is due`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Bundle", "type": "searchset", "total": 1, "entry": [
        ⟦bundle-entry⟧{"resource": {"resourceType": "Patient", "id": "1"}},
        {"search": {"mode": "outcome"}, "resource": {"resourceType": "OperationOutcome",
          "issue": [{"severity": "warning", "code": "not-found"}]}}]}
      """#)
  }

  @Test func `results of a search have ids, and its outcome is an OperationOutcome`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Bundle", "type": "searchset", "total": 1, "entry": [
        ⟦bundle-entry⟧{"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "search": {"mode": "match"},
          "resource": {"resourceType": "Patient", "active": true}},
        ⟦bundle-entry⟧{"fullUrl": "http://example.org/fhir/Patient/1", "search": {"mode": "outcome"},
          "resource": {"resourceType": "Patient", "id": "1"}},
        {"fullUrl": "http://example.org/fhir/Patient/2", "search": {"mode": "include"},
          "resource": {"resourceType": "Patient", "id": "2"}}]}
      """#)
  }

  @Test func `a Bundle inside a Bundle is judged by the same rules, at its own paths`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "Bundle", "type": "batch-response", "entry": [{"response": {"status": "200"}, "resource":
        {"resourceType": "Bundle", "type": "collection", ⟦bdl-1⟧"total": 1, "entry": [
          {"fullUrl": "http://example.org/Encounter/1", "resource": {"resourceType": "Encounter", "id": "1",
            "status": "planned", "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}, ⟦reference-target⟧"subject": {"reference": "urn:uuid:00000000-0000-4000-8000-000000000001"}}},
          {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": {"resourceType": "Location"}}]}}]}
      """#)
    #expect(
      issues.map(\.expression) == [
        "Bundle.entry[0].resource", "Bundle.entry[0].resource.entry[0].resource.subject",
      ])
  }

  @Test func `digests of several workers make the same findings`() throws {
    let text = #"""
      {"resourceType": "Bundle", "type": "document", "timestamp": "2024-05-01T10:00:00Z",
       "identifier": {"system": "http://example.org", "value": "1"}, "entry": [
       {"fullUrl": "http://a.org/Composition/1", "resource": {"resourceType": "Composition", "id": "1", "status": "final",
         "type": {"text": "x"}, "date": "2024", "title": "x", "author": [{"reference": "Practitioner/1"}, {"reference": "Practitioner/2"}]}},
       {"fullUrl": "http://a.org/Practitioner/1", "resource": {"resourceType": "Practitioner", "id": "1"}},
       {"fullUrl": "http://a.org/Practitioner/1", "resource": {"resourceType": "Practitioner", "id": "1"}},
       {"fullUrl": "http://a.org/Basic/1", "resource": {"resourceType": "Basic", "id": "1", "code": {"text": "x"}}}]}
      """#
    let validator = Validator()
    let expected = try findings(text)
    let reader = try ResourceReader(source: MemorySource(text), name: "b.json")
    var issues: [FHIRModel.Issue] = []
    var whole = BundleScope()
    while let record = try reader.next() {
      var part = BundleScope()
      let members = validator.validate(record.tree, into: &issues, scope: &part)
      whole.append(part)
      if let members { whole.close(members, with: validator, into: &issues) }
    }
    #expect(issues == expected)
    #expect(
      Set(issues.map(\.rule.code)) == [
        "reference-missing", "reference-ambiguous", "bdl-7", "bundle-unreachable",
      ])
  }
}
