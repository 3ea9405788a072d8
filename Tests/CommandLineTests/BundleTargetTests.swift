import Foundation
import Testing

/// Rules that look at what a reference leads to, in another entry of the Bundle.
@Suite struct `References between entries` {
  /// A care team whose member acts on behalf of an organization, which only practitioners do (ctm-1).
  private func bundle(member: String, padding: Int = 0) -> String {
    let filler = (0..<padding).map {
      #"{"fullUrl": "urn:uuid:00000000-0000-0000-0001-\#(String(100_000_000_000 + $0))", "resource": {"resourceType": "Basic", "code": {"text": "\#(String(repeating: "x", count: 60_000))"}}}, "#
    }.joined()
    return #"""
      {"resourceType": "Bundle", "type": "collection", "entry": [\#(filler)
        {"fullUrl": "urn:uuid:00000000-0000-0000-0000-000000000001", "resource": {"resourceType": "CareTeam",
         "participant": [{"member": {"reference": "urn:uuid:00000000-0000-0000-0000-000000000002"},
          "onBehalfOf": {"display": "a clinic"}}]}},
        {"fullUrl": "urn:uuid:00000000-0000-0000-0000-000000000002", "resource": \#(member)}]}
      """#
  }

  private let patient = #"{"resourceType": "Patient", "active": true}"#
  private let practitioner = #"{"resourceType": "Practitioner", "active": true}"#

  private func rules(_ workspace: Workspace, _ file: String, _ more: String...) throws -> [String] {
    let outcome = try Program.run(["validate", "--format", "ndjson", workspace.path(file)] + more)
    return outcome.lines.compactMap { line in
      let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
      return (object?["rule"] as? String).map { "\($0) \(object?["expression"] as? String ?? "")" }
    }
  }

  @Test func `resolve() finds a later entry`() throws {
    let workspace = try Workspace()
    try workspace.write("bad.json", bundle(member: patient))
    try workspace.write("good.json", bundle(member: practitioner))
    try workspace.write("lines.ndjson", bundle(member: practitioner).replacing("\n", with: " ") + "\n")
    #expect(try rules(workspace, "bad.json") == ["ctm-1 Bundle.entry[0].resource.participant[0]"])
    #expect(try rules(workspace, "good.json") == [])
    #expect(try rules(workspace, "lines.ndjson") == [])
  }

  @Test func `in a Bundle that is too large to be held nobody can tell`() throws {
    let workspace = try Workspace()
    try workspace.write("large.json", bundle(member: patient, padding: 300))
    #expect(try rules(workspace, "large.json") == [])
  }

  @Test func `a target meets the profile that a reference asks for`() throws {
    let workspace = try Workspace()
    func profile(_ name: String, _ type: String, _ elements: String) -> String {
      #"""
      {"resourceType": "StructureDefinition", "url": "http://example.org/\#(name)", "name": "\#(name)",
       "status": "draft", "fhirVersion": "4.0.1", "kind": "resource", "abstract": false, "type": "\#(type)",
       "derivation": "constraint", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/\#(type)",
       "differential": {"element": [\#(elements)]}}
      """#
    }
    try workspace.write(
      "profiles/team.json",
      profile(
        "team", "CareTeam",
        #"{"id": "CareTeam.participant.member", "path": "CareTeam.participant.member", "type": [{"code": "Reference", "targetProfile": ["http://example.org/born"]}]}"#
      ))
    try workspace.write(
      "profiles/born.json",
      profile("born", "Patient", #"{"id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1}"#))
    let claim = #""CareTeam", "meta": {"profile": ["http://example.org/team"]},"#
    func file(_ name: String, _ member: String) throws {
      let text = bundle(member: member).replacing(#""CareTeam","#, with: claim)
        .replacing(#""onBehalfOf": {"display": "a clinic"}"#, with: #""period": {"start": "2020"}"#)
      try workspace.write(name, text)
      try workspace.write(name + ".ndjson", text.replacing("\n", with: " ") + "\n")
    }
    try file("bad", patient)
    try file("good", #"{"resourceType": "Patient", "birthDate": "1990"}"#)
    for suffix in ["", ".ndjson"] {
      #expect(
        try rules(workspace, "bad" + suffix, "--package", workspace.path("profiles"))
          == ["profile-target Bundle.entry[0].resource.participant[0].member"])
      #expect(try rules(workspace, "good" + suffix, "--package", workspace.path("profiles")) == [])
    }
  }
}
