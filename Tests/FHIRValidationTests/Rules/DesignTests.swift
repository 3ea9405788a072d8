import FHIRModel
import FHIRValidation
import Testing

@Suite struct `Profiles as designs` {
  private func check(_ elements: String..., type: String = "Observation", base: String? = nil) throws
    -> [String]
  {
    let text = #"""
      {"resourceType": "StructureDefinition", "url": "http://example.org/p", "name": "P", "status": "draft",
       "fhirVersion": "4.0.1", "kind": "\#(type == "Extension" ? "complex-type" : "resource")", "abstract": false,
       "type": "\#(type)", \#(type == "Extension" ? #""context": [{"type": "element", "expression": "Patient"}],"# : "")
       "baseDefinition": "http://hl7.org/fhir/StructureDefinition/\#(base ?? type)", "derivation": "constraint",
       "differential": {"element": [{"id": "\#(type)", "path": "\#(type)"}, \#(elements.joined(separator: ", "))]}}
      """#
    return try expectMarked(text).map(\.expression)
  }

  private func element(_ path: String, _ more: String, mark: String = "") -> String {
    #"\#(mark){"id": "\#(path)", "path": "\#(path)", \#(more)}"#
  }

  @Test func `what narrows its base is sound`() throws {
    #expect(
      try check(
        element(
          "Observation.subject",
          #""min": 1, "type": [{"code": "Reference", "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Patient"]}]"#
        ),
        element("Observation.code.coding.system", #""min": 1, "max": "1", "fixedUri": "http://loinc.org""#),
        element("Observation.valueQuantity.code", #""patternCode": "mg""#),
        element("Observation.component.code.text", #""maxLength": 10"#),
        element("Observation.referenceRange.low.value", #""min": 1"#),
        element("Observation.component.referenceRange.low.value", #""min": 1"#),
        element(
          "Observation.status",
          #""binding": {"strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/observation-status"}"#
        )
      ) == [])
  }

  @Test func `a path names an element of the base`() throws {
    let place = ["StructureDefinition.differential.element[1]"]
    #expect(
      try check(#"{"id": "Observation.colour", ⟦design-element⟧"path": "Observation.colour", "min": 1}"#)
        == place)
    #expect(
      try check(
        #"{"id": "Observation.code.coding.colour", ⟦design-element⟧"path": "Observation.code.coding.colour", "min": 1}"#
      ) == place)
    #expect(
      try check(
        #"{"id": "Observation.valueAddress", ⟦design-element⟧"path": "Observation.valueAddress", "min": 1}"#)
        == place)
  }

  @Test func `cardinality is never widened`() throws {
    #expect(try check(element("Observation.code", #"⟦design-element⟧"min": 0"#)).count == 1)
    #expect(try check(element("Observation.code", #"⟦design-element⟧"max": "*""#)).count == 1)
    #expect(try check(element("Observation.code", #""min": 1, ⟦design-element⟧"max": "2""#)).count == 1)
  }

  @Test func `types are some of the base's`() throws {
    #expect(
      try check(
        element(
          "Observation.value[x]", #""type": [{"code": "Quantity"}, ⟦design-element⟧{"code": "Address"}]"#))
        == ["StructureDefinition.differential.element[1].type[1]"])
    #expect(
      try check(
        element(
          "Observation.subject",
          #""type": [{"code": "Reference", "targetProfile": [⟦design-element⟧"http://hl7.org/fhir/StructureDefinition/Practitioner"]}]"#
        ))
        == ["StructureDefinition.differential.element[1].type[0]"])
  }

  @Test func `fixed values and patterns are of the element's type`() throws {
    #expect(try check(element("Observation.status", #"⟦design-value⟧"fixedString": "final""#)).count == 1)
    #expect(try check(element("Observation.status", #""fixedCode": "final""#)) == [])
    let coding = #"⟦design-value⟧"patternCoding": {"system": "urn:x", "code": "x"}"#
    #expect(try check(element("Observation.code", coding)).count == 1)
  }

  @Test func `a required binding stays required`() throws {
    #expect(
      try check(
        element(
          "Observation.status",
          #"⟦design-element⟧"binding": {"strength": "preferred", "valueSet": "http://example.org/vs"}"#)
      ).count == 1)
  }

  @Test func `slices are told apart by something that is there`() throws {
    func slicing(_ path: String, _ mark: String = "") -> String {
      #""slicing": {"discriminator": [\#(mark){"type": "value", "path": "\#(path)"}], "rules": "open"}"#
    }
    for path in ["code", "code.coding.code", "$this", "value", "extension('http://example.org/x').value"] {
      #expect(try check(element("Observation.component", slicing(path))) == [], "\(path)")
    }
    for path in ["colour", "code.colour", "code..coding", "where(true)"] {
      #expect(
        try check(element("Observation.component", slicing(path, "⟦design-slicing⟧")))
          == ["StructureDefinition.differential.element[1].slicing.discriminator[0]"], "\(path)")
    }
    #expect(
      try check(
        #"{"id": "Observation.component:a", "path": "Observation.component", ⟦design-slicing⟧"sliceName": "a", "min": 1}"#
      ).count == 1)
    #expect(
      try check(
        #"{"id": "Observation.extension:a", "path": "Observation.extension", "sliceName": "a", "min": 1}"#)
        == [])
  }

  @Test func `an invariant's expression can be evaluated`() throws {
    func constraint(_ expression: String) -> String {
      #""constraint": [{"key": "x-1", "severity": "error", "human": "x", \#(expression)}]"#
    }
    #expect(
      try check(
        element("Observation.code", constraint(#""expression": "coding.exists() and text.exists()""#))) == [])
    #expect(
      try check(
        element("Observation.code", constraint(#"⟦design-expression⟧"expression": "coding.exists( and""#)))
        == ["StructureDefinition.differential.element[1].constraint[0]"])
  }

  @Test func `an extension bears its own url`() throws {
    #expect(
      try check(element("Extension.url", #""fixedUri": "http://example.org/p""#), type: "Extension") == [])
    #expect(
      try check(
        element("Extension.url", #"⟦design-value⟧"fixedUri": "http://example.org/other""#), type: "Extension"
      ).count == 1)
  }

  @Test func `a profile and its base are of one type`() throws {
    let issues = try findings(
      #"""
      {"resourceType": "StructureDefinition", "url": "http://example.org/p", "name": "P", "status": "draft",
       "fhirVersion": "4.0.1", "kind": "resource", "abstract": false, "type": "Patient", "derivation": "constraint",
       "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Observation",
       "differential": {"element": [{"id": "Patient", "path": "Patient"}]}}
      """#)
    #expect(issues.map(\.rule.code) == ["design-base"])
  }
}
