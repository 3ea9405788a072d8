import FHIRDefinitions
import FHIRFormats
import FHIRModel
import FHIRPath
import FHIRValidation
import Foundation
import Testing

/// See https://hl7.org/fhir/R4/fhirpath.html#functions
@Suite struct `What expressions ask of definitions` {
  private let vitals = SmallDefinition(
    "vitals", of: "Observation",
    [
      element(
        "Observation.component", min: 1,
        #""slicing": {"discriminator": [{"type": "pattern", "path": "code"}], "rules": "open"}"#),
      element("Observation.component", slice: "upper", min: 1, max: "1"),
      element("Observation.component.code", min: 1, max: "1", #""patternCodeableConcept": {"text": "up"}"#),
      element("Observation.component", slice: "lower", max: "1"),
      element("Observation.component.code", min: 1, max: "1", #""patternCodeableConcept": {"text": "low"}"#),
      element("Observation.note", max: "3"),
      element("Observation.category", #""slicing": {"rules": "open"}"#),
      element("Observation.category", slice: "vague"),
    ])

  private func values(_ expression: String, on text: String) throws -> [String] {
    try values(expression, on: text, try store([vitals]))
  }

  private func values(_ expression: String, on text: String, _ store: ConformanceStore) throws -> [String] {
    let reader = try ResourceReader(source: MemorySource(text), name: "test.json")
    guard let tree = try reader.next()?.tree else { return ["unreadable"] }
    let answers = DefinitionAnswers(store)
    let evaluator = Evaluator(environment: answers)
    let context = Evaluator.Context(tree)
    return try evaluator.evaluate(try CompiledExpression(expression, context: context.type), in: context).map
    {
      evaluator.displayText(of: $0) ?? "(\(evaluator.typeName(of: $0).name))"
    }
  }

  private let patient = """
    {"resourceType": "Patient", "id": "p", "name": [{"family": "A"}, {"family": "B"}], "birthDate": "1980",
     "contact": [{"name": {"text": "C"}, "colour": "red"}], "deceasedBoolean": false,
     "contained": [{"resourceType": "Organization", "id": "o", "name": "D"}],
     "link": [{"other": {"reference": "#o"}, "type": "seealso"}]}
    """

  @Test(arguments: [
    ("Patient.birthDate.elementDefinition().max", "1"), ("birthDate.elementDefinition().type.code", "date"),
    ("name.elementDefinition().max", "*,*"),
    ("name.first().family.elementDefinition().path", "HumanName.family"),
    ("elementDefinition().path", "Patient"),
    ("contact.name.elementDefinition().path", "Patient.contact.name"),
    ("deceased.elementDefinition().path", "Patient.deceased[x]"),
    ("deceased.elementDefinition().type.code", "boolean,dateTime"),
    ("contained.elementDefinition().path", "Organization"),
    ("contained.select(children()).elementDefinition().path", "Organization.id,Organization.name"),
    ("link.type.elementDefinition().binding.strength", "required"),
    ("link.other.elementDefinition().min = 1", "true"), ("'x'.elementDefinition()", ""),
    ("contact.children().elementDefinition().path", "Patient.contact.name"),
    ("name.where(elementDefinition().max = '*').family", "A,B"),
    ("birthDate.elementDefinition().elementDefinition().path", "StructureDefinition.snapshot.element"),
  ])
  func `the definition of an element is that of its type`(_ expression: String, _ expected: String) throws {
    #expect(try values(expression, on: patient).joined(separator: ",") == expected, "\(expression)")
  }

  private func observation(_ more: String = "") -> String {
    """
    {"resourceType": "Observation", \(more) "status": "final", "code": {"text": "bp"}, "note": [{"text": "n"}],
     "category": [{"text": "c"}],
     "component": [{"code": {"text": "low"}, "valueInteger": 1}, {"code": {"text": "up"}, "valueInteger": 2},
       {"code": {"text": "other"}, "valueInteger": 3}]}
    """
  }

  @Test func `a profile that the resource claims says more of it`() throws {
    let claim = #""meta": {"profile": ["http://example.org/none", "\#(vitals.url)"]},"#
    #expect(try values("note.elementDefinition().max", on: observation(claim)) == ["3"])
    #expect(try values("note.elementDefinition().max", on: observation()) == ["*"])
    #expect(try values("component.first().elementDefinition().min", on: observation(claim)) == ["1"])
    #expect(try values("status.elementDefinition().min", on: observation(claim)) == ["1"])
  }

  @Test func `a profile without a snapshot gets one`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "p.json")
    try #"""
    {"resourceType": "StructureDefinition", "url": "http://example.org/p", "name": "P", "status": "active",
     "fhirVersion": "4.0.1", "kind": "resource", "abstract": false, "type": "Patient", "derivation": "constraint",
     "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient", "differential": {"element": [
      {"id": "Patient.name", "path": "Patient.name", "min": 1, "max": "2", "mustSupport": true},
      {"id": "Patient.name.family", "path": "Patient.name.family", "min": 1, "fixedString": "a \\ b"},
      {"id": "Patient.generalPractitioner", "path": "Patient.generalPractitioner", "type": [
        {"code": "Reference", "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Organization"]}]}]}}
    """#.write(to: file, atomically: true, encoding: .utf8)
    let store = ConformanceStore(packages: [try ConformancePackage(files: [file.path])])
    let patient = #"""
      {"resourceType": "Patient", "meta": {"profile": ["http://example.org/p"]}, "name": [{"family": "x"}],
       "gender": "male", "generalPractitioner": [{"display": "y"}]}
      """#
    func check(_ expression: String) throws -> [String] { try values(expression, on: patient, store) }
    #expect(try check("name.elementDefinition().select(min.toString() & max)") == ["12"])
    #expect(try check("name.family.elementDefinition().fixed") == [#"a \ b"#])
    #expect(try check("name.family.elementDefinition().path") == ["Patient.name.family"])
    #expect(try check("gender.elementDefinition().binding.strength") == ["required"])
    #expect(
      try check("generalPractitioner.elementDefinition().type.targetProfile")
        == ["http://hl7.org/fhir/StructureDefinition/Organization"])
    #expect(try check("elementDefinition().constraint.key").contains("dom-2"))
  }

  @Test func `the items of a slice, among the items or below them`() throws {
    let url = vitals.url
    #expect(try values("component.slice('\(url)', 'upper').value", on: observation()) == ["2"])
    #expect(try values("slice('\(url)', 'lower').value", on: observation()) == ["1"])
    #expect(try values("note.slice('\(url)', 'lower')", on: observation()).isEmpty)
    #expect(try values("component.skip(2).slice('\(url)', 'upper')", on: observation()).isEmpty)
    #expect(try values("{}.slice('\(url)', 'upper')", on: observation()).isEmpty)
    // A resource that breaks the profile elsewhere has its slices all the same.
    let broken =
      #"{"resourceType": "Observation", "note": [{}, {}, {}, {}], "component": [{"code": {"text": "up"}}]}"#
    #expect(try values("slice('\(url)', 'upper').code.text", on: broken) == ["up"])
  }

  @Test func `a profile or a slice that is not there is an error`() throws {
    func code(_ expression: String) -> FHIRPathError.Code? {
      do {
        _ = try values(expression, on: observation())
        return nil
      } catch { return (error as? FHIRPathError)?.code }
    }
    #expect(code("component.slice('http://example.org/none', 'upper')") == .cannotTell)
    #expect(code("component.slice('\(vitals.url)', 'middle')") == .execution)
    #expect(code("category.slice('\(vitals.url)', 'vague')") == .cannotTell)
  }

  @Test func `profiles and value sets answer expressions`() throws {
    #expect(try values("conformsTo('\(vitals.url)')", on: observation()) == ["true"])
    let bare = #"{"resourceType": "Observation", "status": "final", "code": {"text": "x"}}"#
    #expect(try values("conformsTo('\(vitals.url)')", on: bare) == ["false"])
    #expect(try values("status.memberOf(%`vs-observation-status`)", on: bare) == ["true"])
  }
}
