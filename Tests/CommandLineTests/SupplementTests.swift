import Foundation
import Testing

/// Code systems that add words to another's, and value sets of a version.
@Suite struct `Code systems of packages` {
  private func rules(_ workspace: Workspace, _ resource: String) throws -> [String] {
    let file = try workspace.write("data.json", resource)
    let outcome = try Program.run(
      ["validate", "--format", "ndjson", "--package", workspace.path("definitions"), file])
    return outcome.lines.compactMap { line in
      let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
      return object?["rule"] as? String
    }
  }

  @Test func `a supplement's names are names`() throws {
    let workspace = try Workspace()
    try workspace.write(
      "definitions/german.json",
      #"""
      {"resourceType": "CodeSystem", "url": "http://example.org/german", "status": "active", "content": "supplement",
       "supplements": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus",
       "concept": [{"code": "M", "designation": [{"language": "de", "value": "verheiratet"}]}]}
      """#)
    func patient(_ display: String) -> String {
      #"""
      {"resourceType": "Patient", "maritalStatus": {"coding": [{"code": "M", "display": "\#(display)",
       "system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"}]}}
      """#
    }
    #expect(try rules(workspace, patient("Married")) == [])
    #expect(try rules(workspace, patient("Verheiratet")) == [])
    #expect(try rules(workspace, patient("ledig")) == ["code-display"])
  }

  @Test func `a supplement's properties are properties, and a regular expression ends`() throws {
    let workspace = try Workspace()
    let long = String(repeating: "a", count: 60)
    try workspace.write(
      "definitions/system.json",
      #"""
      {"resourceType": "CodeSystem", "url": "http://example.org/s", "status": "active", "content": "complete",
       "caseSensitive": true, "concept": [{"code": "red"}, {"code": "blue"}, {"code": "\#(long)"}]}
      """#)
    try workspace.write(
      "definitions/supplement.json",
      #"""
      {"resourceType": "CodeSystem", "url": "http://example.org/warmth", "status": "active", "content": "supplement",
       "supplements": "http://example.org/s", "property": [{"code": "warm", "type": "boolean"}],
       "concept": [{"code": "red", "property": [{"code": "warm", "valueBoolean": true}]}]}
      """#)
    func valueSet(_ property: String, _ operation: String, _ value: String) throws {
      try workspace.write(
        "definitions/vs.json",
        #"""
        {"resourceType": "ValueSet", "url": "http://example.org/vs", "status": "active", "compose": {"include": [
         {"system": "http://example.org/s", "filter": [{"property": "\#(property)", "op": "\#(operation)", "value": "\#(value)"}]}]}}
        """#)
    }
    try workspace.write(
      "definitions/profile.json",
      #"""
      {"resourceType": "StructureDefinition", "url": "http://example.org/p", "name": "P", "status": "active",
       "fhirVersion": "4.0.1", "kind": "resource", "abstract": false, "type": "Basic", "derivation": "constraint",
       "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Basic", "differential": {"element": [
        {"id": "Basic.code", "path": "Basic.code",
         "binding": {"strength": "required", "valueSet": "http://example.org/vs"}}]}}
      """#)
    func basic(_ code: String) -> String {
      #"{"resourceType": "Basic", "meta": {"profile": ["http://example.org/p"]}, "code": {"coding": [{"system": "http://example.org/s", "code": "\#(code)"}]}}"#
    }
    try valueSet("warm", "=", "true")
    #expect(try rules(workspace, basic("red")) == [])
    #expect(try rules(workspace, basic("blue")) == ["binding-required"])
    try valueSet("code", "regex", "(a+)+c|b.*")
    #expect(try rules(workspace, basic("blue")) == [])
    #expect(try rules(workspace, basic("red")) == ["binding-required"])
  }

  @Test func `a value set selects from the version that it names`() throws {
    let workspace = try Workspace()
    func system(_ version: String, _ codes: String...) -> String {
      let concepts = codes.map { #"{"code": "\#($0)"}"# }.joined(separator: ", ")
      return #"""
        {"resourceType": "CodeSystem", "url": "http://example.org/s", "version": "\#(version)", "status": "active",
         "content": "complete", "concept": [\#(concepts)]}
        """#
    }
    try workspace.write("definitions/s1.json", system("1.0", "a"))
    try workspace.write("definitions/s2.json", system("2.0", "a", "b"))
    try workspace.write(
      "definitions/vs.json",
      #"""
      {"resourceType": "ValueSet", "url": "http://example.org/vs", "status": "active",
       "compose": {"include": [{"system": "http://example.org/s", "version": "1.0"}]}}
      """#)
    try workspace.write(
      "definitions/profile.json",
      #"""
      {"resourceType": "StructureDefinition", "url": "http://example.org/p", "name": "P", "status": "active",
       "fhirVersion": "4.0.1", "kind": "resource", "abstract": false, "type": "Basic", "derivation": "constraint",
       "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Basic", "differential": {"element": [
        {"id": "Basic.code", "path": "Basic.code",
         "binding": {"strength": "required", "valueSet": "http://example.org/vs"}}]}}
      """#)
    func basic(_ code: String) -> String {
      #"""
      {"resourceType": "Basic", "meta": {"profile": ["http://example.org/p"]},
       "code": {"coding": [{"system": "http://example.org/s", "code": "\#(code)"}]}}
      """#
    }
    #expect(try rules(workspace, basic("a")) == [])
    #expect(try rules(workspace, basic("b")) == ["binding-required"])
  }
}
