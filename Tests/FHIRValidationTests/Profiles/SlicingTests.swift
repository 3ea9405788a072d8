import FHIRModel
import FHIRValidation
import Testing

@Suite struct `Slicing` {
  private func identifiers(
    rules: String = "open", ordered: Bool = false,
    discriminator: String = #"{"type": "value", "path": "system"}"#,
    _ slices: [String]
  ) -> SmallDefinition {
    SmallDefinition(
      "sliced", of: "Patient",
      [
        element(
          "Patient.identifier",
          #""slicing": {"discriminator": [\#(discriminator)], "rules": "\#(rules)", "ordered": \#(ordered)}"#)
      ] + slices)
  }

  private func slice(_ name: String, min: Int = 0, max: String = "*", system: String) -> [String] {
    [
      element("Patient.identifier", slice: name, min: min, max: max),
      element("Patient.identifier.system", min: 1, max: "1", #""fixedUri": "http://example.org/\#(system)""#),
    ]
  }

  private func check(_ profile: SmallDefinition, systems: String...) throws -> [String] {
    let identifiers = systems.map { #"{"system": "http://example.org/\#($0)", "value": "1"}"# }
    return try findings(
      #"{"resourceType": "Patient", "identifier": [\#(identifiers.joined(separator: ", "))]}"#,
      meeting: [profile]
    ).places
  }

  @Test func `slices stand as often as they must and may`() throws {
    let profile = identifiers(slice("a", min: 1, max: "1", system: "a") + slice("b", max: "1", system: "b"))
    #expect(try check(profile, systems: "a", "c", "b").isEmpty)
    #expect(try check(profile, systems: "b", "c") == ["profile-min Patient"])
    #expect(try check(profile, systems: "a", "b", "b") == ["profile-max Patient"])
  }

  @Test func `a closed slicing takes nothing else`() throws {
    let profile = identifiers(rules: "closed", slice("a", system: "a"))
    #expect(try check(profile, systems: "a", "a").isEmpty)
    #expect(try check(profile, systems: "a", "x") == ["profile-slice Patient.identifier[1]"])
  }

  @Test func `what belongs to no slice may be due at the end`() throws {
    let profile = identifiers(rules: "openAtEnd", slice("a", system: "a"))
    #expect(try check(profile, systems: "a", "x").isEmpty)
    #expect(try check(profile, systems: "x", "a") == ["profile-slice-order Patient.identifier[1]"])
  }

  @Test func `slices in their order`() throws {
    let profile = identifiers(ordered: true, slice("a", system: "a") + slice("b", system: "b"))
    #expect(try check(profile, systems: "a", "x", "b").isEmpty)
    #expect(try check(profile, systems: "b", "a") == ["profile-slice-order Patient.identifier[1]"])
  }

  @Test func `the default slice takes what no other does`() throws {
    let profile = identifiers(
      rules: "closed",
      slice("a", system: "a") + [
        element("Patient.identifier", slice: "@default", max: "1"),
        element("Patient.identifier.assigner", min: 1, max: "1"),
      ])
    #expect(try check(profile, systems: "a").isEmpty)
    #expect(try check(profile, systems: "x") == ["profile-min Patient.identifier[0]"])
  }

  @Test func `slices of a slice`() throws {
    let profile = identifiers([
      element(
        "Patient.identifier", slice: "a",
        #""slicing": {"discriminator": [{"type": "value", "path": "use"}], "rules": "closed"}"#),
      element("Patient.identifier.system", min: 1, max: "1", #""fixedUri": "http://example.org/a""#),
      element("Patient.identifier", slice: "a/old", max: "1"),
      element("Patient.identifier.system", min: 1, max: "1", #""fixedUri": "http://example.org/a""#),
      element("Patient.identifier.use", min: 1, max: "1", #""fixedCode": "old""#),
    ])
    func check(_ uses: String...) throws -> [String] {
      let items = uses.map { #"{"system": "http://example.org/a", "use": "\#($0)"}"# }
      return try findings(
        #"{"resourceType": "Patient", "identifier": [{"value": "x"}, \#(items.joined(separator: ", "))]}"#,
        meeting: [profile]
      ).places
    }
    #expect(try check("old").isEmpty)
    #expect(try check("old", "old") == ["profile-max Patient"])
    #expect(try check("usual") == ["profile-slice Patient.identifier[1]"])
  }

  @Test func `slices told apart by a pattern of their own`() throws {
    let profile = identifiers(
      discriminator: #"{"type": "pattern", "path": "$this"}"#,
      [
        element(
          "Patient.identifier", slice: "npi", max: "1",
          #""patternIdentifier": {"system": "http://example.org/npi"}"#)
      ])
    #expect(try check(profile, systems: "npi", "b").isEmpty)
    #expect(try check(profile, systems: "npi", "npi") == ["profile-max Patient"])
  }

  @Test func `slices told apart by what stands`() throws {
    let profile = identifiers(
      discriminator: #"{"type": "exists", "path": "value"}"#,
      [
        element("Patient.identifier", slice: "filled", max: "1"),
        element("Patient.identifier.value", min: 1, max: "1"),
        element("Patient.identifier", slice: "empty", max: "1"),
        element("Patient.identifier.value", max: "0"),
      ])
    #expect(try check(profile, systems: "a").isEmpty)
    #expect(try check(profile, systems: "a", "b") == ["profile-max Patient"])
    let found = try findings(
      #"{"resourceType": "Patient", "identifier": [{"use": "old"}, {"use": "old"}, {"value": "1"}]}"#,
      meeting: [profile])
    #expect(found.places == ["profile-max Patient"])
    #expect(found[0].message.contains("identifier:empty"))
  }

  @Test func `codings of a concept, through two steps`() throws {
    let profile = SmallDefinition(
      "bp", of: "Observation",
      [
        element(
          "Observation.component",
          #""slicing": {"discriminator": [{"type": "value", "path": "code.coding.code"}], "rules": "open"}"#),
        element("Observation.component", slice: "systolic", min: 1, max: "1"),
        element("Observation.component.code", min: 1, max: "1"),
        element(
          "Observation.component.code.coding",
          #""slicing": {"discriminator": [{"type": "value", "path": "code"}], "rules": "open"}"#),
        element("Observation.component.code.coding", slice: "loinc", min: 1, max: "1"),
        element("Observation.component.code.coding.code", min: 1, max: "1", #""fixedCode": "8480-6""#),
        element("Observation.component.value[x]", min: 1, max: "1"),
      ])
    func check(_ component: String) throws -> [String] {
      try findings(
        #"{"resourceType": "Observation", "status": "final", "code": {"text": "c"}, "component": [\#(component)]}"#,
        meeting: [profile]
      ).filter { $0.severity >= .error }.places
    }
    let both = #"{"code": {"coding": [{"code": "other"}, {"code": "8480-6"}]}, "valueString": "x"}"#
    #expect(try check(both).isEmpty)
    #expect(
      try check(#"{"code": {"coding": [{"code": "other"}]}, "valueString": "x"}"#) == [
        "profile-min Observation"
      ])
    #expect(
      try check(#"{"code": {"coding": [{"code": "8480-6"}]}}"#) == ["profile-min Observation.component[0]"])
  }

  @Test func `values by their type`() throws {
    let profile = SmallDefinition(
      "choice", of: "Observation",
      [
        element(
          "Observation.value[x]", max: "1",
          #""slicing": {"discriminator": [{"type": "type", "path": "$this"}], "rules": "closed"}"#),
        element("Observation.value[x]", slice: "valueQuantity", max: "1", #""type": [{"code": "Quantity"}]"#),
        element("Observation.value[x].code", min: 1, max: "1"),
      ])
    func check(_ value: String) throws -> [String] {
      try findings(
        #"{"resourceType": "Observation", "status": "final", "code": {"text": "c"}, \#(value)}"#,
        meeting: [profile]
      ).filter { $0.severity >= .error }.places
    }
    #expect(
      try check(#""valueQuantity": {"value": 1, "system": "http://example.org/u", "code": "x"}"#).isEmpty)
    #expect(
      try check(#""valueQuantity": {"value": 1}"#) == ["profile-min Observation.value.ofType(Quantity)"])
    #expect(try check(#""valueString": "x""#) == ["profile-slice Observation.value.ofType(string)"])
  }

  @Test func `entries by the profile and the type of their resource`() throws {
    let named = SmallDefinition("named", of: "Patient", [element("Patient.name", min: 1)])
    func bundle(_ discriminator: String) -> SmallDefinition {
      SmallDefinition(
        "bundle", of: "Bundle",
        [
          element(
            "Bundle.entry",
            #""slicing": {"discriminator": [{"type": "\#(discriminator)", "path": "resource"}], "rules": "open"}"#
          ),
          element("Bundle.entry", slice: "patient", min: 1, max: "1"),
          element(
            "Bundle.entry.resource", min: 1, max: "1",
            #""type": [{"code": "Patient", "profile": ["\#(named.url)"]}]"#),
        ])
    }
    func check(_ profile: SmallDefinition, _ patients: String...) throws -> [String] {
      let entries = patients.enumerated().map {
        #"{"fullUrl": "http://example.org/Patient/\#($0)", "resource": {"resourceType": "Patient", "id": "\#($0)" \#($1)}}"#
      }
      return try findings(
        #"{"resourceType": "Bundle", "type": "collection", "entry": [\#(entries.joined(separator: ", "))]}"#,
        meeting: [profile, named]
      ).places
    }
    let name = #", "name": [{"text": "A"}]"#
    #expect(try check(bundle("profile"), name, "").isEmpty)
    #expect(try check(bundle("profile"), "") == ["profile-min Bundle"])
    #expect(try check(bundle("type"), name).isEmpty)
    #expect(try check(bundle("type"), "") == ["profile-min Bundle.entry[0].resource"])
    #expect(try check(bundle("type"), name, name) == ["profile-max Bundle"])
  }

  @Test func `references by what they refer to`() throws {
    let profile = SmallDefinition(
      "results", of: "DiagnosticReport",
      [
        element(
          "DiagnosticReport.result",
          #""slicing": {"discriminator": [{"type": "value", "path": "resolve().status"}], "rules": "open"}"#),
        element(
          "DiagnosticReport.result", slice: "final", max: "1",
          #""type": [{"code": "Reference", "targetProfile": ["\#(SmallDefinition.base)finalObservation"]}]"#),
      ])
    let target = SmallDefinition(
      "finalObservation", of: "Observation",
      [element("Observation.status", min: 1, max: "1", #""fixedCode": "final""#)])
    func check(_ references: String) throws -> [String] {
      try findings(
        #"""
        {"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "c"}, "contained": [
          {"resourceType": "Observation", "id": "f", "status": "final", "code": {"text": "c"}},
          {"resourceType": "Observation", "id": "p", "status": "preliminary", "code": {"text": "c"}}],
         "result": [\#(references)]}
        """#, meeting: [profile, target]
      ).filter { $0.rule.code.hasPrefix("profile") }.places
    }
    #expect(try check(##"{"reference": "#f"}, {"reference": "#p"}"##).isEmpty)
    #expect(
      try check(##"{"reference": "#f"}, {"reference": "#f"}, {"reference": "#p"}"##) == [
        "profile-max DiagnosticReport"
      ])
  }
}
