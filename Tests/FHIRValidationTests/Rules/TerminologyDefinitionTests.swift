import FHIRModel
import FHIRValidation
import Testing

@Suite struct `Code systems and value sets as definitions` {
  @Test func `a supplement has codes of the system that it supplements`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "CodeSystem", "url": "http://example.org/s", "status": "draft", "content": "supplement",
       "supplements": "http://hl7.org/fhir/administrative-gender", "concept": [
        {"code": "male", "designation": [{"value": "Mann"}]}, {⟦design-code⟧"code": "man"}]}
      """#)
    #expect(issues.map(\.expression) == ["CodeSystem.concept[1]"])
    #expect(issues.map(\.severity) == [.error])
  }

  @Test func `a complete code system has as many concepts as it says`() throws {
    func system(_ count: String, _ content: String) -> String {
      #"""
      {"resourceType": "CodeSystem", "url": "http://example.org/s", "status": "draft", "content": "\#(content)",
       \#(count), "concept": [{"code": "a", "concept": [{"code": "b"}]}]}
      """#
    }
    try expectMarked(system(#""count": 2"#, "complete"))
    try expectMarked(system(#"⟦design-code⟧"count": 3"#, "complete"))
    try expectMarked(system(#""count": 3"#, "fragment"))
  }

  @Test func `values of properties are of the type that the code system says`() throws {
    try expectMarked(
      #"""
      {"resourceType": "CodeSystem", "url": "http://example.org/s", "status": "draft", "content": "complete",
       "property": [{"code": "warm", "type": "boolean"}, {"code": "kin", "type": "Coding"}],
       "concept": [{"code": "a", "property": [{"code": "warm", "valueBoolean": true}, {"code": "other", "valueCode": "x"}],
         "concept": [{"code": "b", "property": [{"code": "kin", "valueCoding": {"system": "http://example.org/s", "code": "a"}},
           {"code": "warm", ⟦design-code⟧"valueString": "true"}]}]}]}
      """#)
  }

  @Test func `a value set selects codes that exist`() throws {
    let issues = try expectMarked(
      #"""
      {"resourceType": "ValueSet", "url": "http://example.org/v", "status": "draft", "compose": {"include": [
        {"system": "http://hl7.org/fhir/administrative-gender", "concept": [{"code": "male"}, {⟦design-code⟧"code": "man"}]},
        {"system": "http://hl7.org/fhir/administrative-gender", "version": "99", "concept": [{"code": "man"}]},
        {"system": "http://example.org/nowhere", "concept": [{"code": "x"}]},
        {⟦code-system⟧"system": "http://hl7.org/fhir/ValueSet/administrative-gender"}]}}
      """#)
    #expect(issues.first?.expression == "ValueSet.compose.include[0].concept[1]")
  }

  @Test func `a search parameter's expression can be evaluated`() throws {
    func parameter(_ expression: String) -> String {
      #"""
      {"resourceType": "SearchParameter", "url": "http://example.org/s", "name": "S", "status": "draft",
       "description": "x", "code": "x", "base": ["Patient"], "type": "string", \#(expression)}
      """#
    }
    try expectMarked(parameter(#""expression": "Patient.name.where(use = 'official').family""#))
    try expectMarked(parameter(#"⟦design-expression⟧"expression": "Patient.name.where(""#))
  }

  @Test func `a definition's url, a code's and an identifier's system are absolute`() throws {
    try expectMarked(
      #"""
      {"resourceType": "ValueSet", ⟦primitive-format⟧"url": "ValueSet/x", "status": "draft", "compose": {"include": [
        {"system": "http://example.org/x"}]}}
      """#)
    let issues = try expectMarked(
      #"""
      {"resourceType": "Patient", "identifier": [{⟦code-system⟧"system": "mrn", "value": "1"},
        {"system": "urn:oid:1.2.3", "value": "2"}, {"value": "3"}]}
      """#)
    #expect(issues.map(\.expression) == ["Patient.identifier[0]"])
  }

  @Test func `contained resources have ids of their own`() throws {
    let issues = try expectMarked(
      ##"""
      {"resourceType": "Patient", "managingOrganization": {"reference": "#a"}, "contained": [
        {"resourceType": "Organization", "id": "a", "name": "x"},
        {"resourceType": "Organization", ⟦contained⟧"id": "a", "name": "y"}]}
      """##)
    #expect(issues.map(\.expression) == ["Patient.contained[1]"])
  }
}
