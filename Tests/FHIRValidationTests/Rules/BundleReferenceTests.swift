import FHIRFormats
import FHIRModel
import FHIRValidation
import Testing

@Suite struct `References between entries` {
  private func bundle(fullUrl: String, reference: String, target: String, _ resource: String) -> String {
    #"""
    {"resourceType": "Bundle", "type": "collection", "entry": [
     {"fullUrl": "\#(fullUrl)", "resource": {"resourceType": "Encounter", "id": "1", "status": "planned",
       "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}, \#(reference)}},
     {"fullUrl": "\#(target)", "resource": {\#(resource)}}]}
    """#
  }

  private let uuid = "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"

  @Test(arguments: [
    ("http://a.org/fhir/Encounter/1", "Patient/7", "http://a.org/fhir/Patient/7"),
    ("http://a.org/fhir/Encounter/1", "http://a.org/fhir/Patient/7", "http://a.org/fhir/Patient/7"),
    ("http://a.org/fhir/Encounter/1", "Patient/7/_history/3", "http://a.org/fhir/Patient/7"),
    (
      "urn:uuid:c757873d-ec9a-4326-a141-556f43239521", "Patient/c757873d-ec9a-4326-a141-556f43239520",
      "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"
    ),
  ])
  func `each form of reference is resolved as the specification says`(
    fullUrl: String, reference: String, target: String
  ) throws {
    let sound = #""resourceType": "Patient", "meta": {"versionId": "3"}"#
    let id = target.hasPrefix("urn") ? "" : #", "id": "7""#
    let text = bundle(
      fullUrl: fullUrl, reference: #""subject": {"reference": "\#(reference)"}"#, target: target, sound + id)
    try expectMarked(text)
    // That it was found shows when it is of another type.
    if !target.hasPrefix("http") || reference.contains("_history") { return }
  }

  @Test func `what stands at the target is of a type that the element may refer to`() throws {
    let issues = try expectMarked(
      bundle(
        fullUrl: "http://a.org/Encounter/1",
        reference: #"⟦reference-target⟧"subject": {"reference": "\#(uuid)"}"#,
        target: uuid, #""resourceType": "Location""#))
    #expect(issues[0].expression == "Bundle.entry[0].resource.subject")
    #expect(issues[0].message.contains("Location") && issues[0].message.contains("Patient, Group"))
    try expectMarked(
      bundle(
        fullUrl: "urn:uuid:c757873d-ec9a-4326-a141-556f43239521",
        reference:
          #"⟦reference-target⟧"subject": {"reference": "Patient/c757873d-ec9a-4326-a141-556f43239520"}"#,
        target: uuid, #""resourceType": "Group", "type": "person", "actual": true"#))
  }

  @Test func `a urn that no entry has is a warning, a server's resource is none`() throws {
    let issues = try expectMarked(
      bundle(
        fullUrl: "http://a.org/Encounter/1",
        reference: #"""
          ⟦reference-missing⟧"subject": {"reference": "urn:uuid:c757873d-ec9a-4326-a141-556f43239529"},
          "serviceProvider": {"reference": "Organization/1"},
          "partOf": {"reference": "http://b.org/Encounter/2"}
          """#,
        target: uuid, #""resourceType": "Patient""#))
    #expect(issues.map(\.severity) == [.warning])
  }

  @Test func `a list of very many references is located in linear time`() throws {
    let count = 20_000
    let items = (0..<count).map { #"{"item":{"reference":"urn:oid:1.2.\#($0)"}}"# }.joined(separator: ",")
    let text = #"""
      {"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"http://a.org/List/1","resource":
       {"resourceType":"List","id":"1","status":"current","mode":"working","entry":[\#(items)]}}]}
      """#
    let issues = try findings(text, options: ValidationOptions(maxIssues: count))
    #expect(issues.count == count)
    #expect(issues.last?.expression == "Bundle.entry[0].resource.entry[\(count - 1)].item")
  }
}
