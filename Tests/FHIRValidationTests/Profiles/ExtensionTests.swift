import FHIRModel
import FHIRValidation
import TestSupport
import Testing

@Suite struct `Extensions by their definitions` {
  private let colour = SmallDefinition(
    "colour", of: "Extension",
    members:
      #""context": [{"type": "element", "expression": "Patient.contact"}, {"type": "element", "expression": "HumanName.family"}],"#,
    [
      element("Extension.extension", max: "0"),
      element(
        "Extension.url", min: 1, max: "1",
        #""fixedUri": "http://example.org/fhir/StructureDefinition/colour""#),
      element("Extension.value[x]", min: 1, max: "1", #""type": [{"code": "code"}]"#),
    ])

  private let address = SmallDefinition(
    "place", of: "Extension",
    members: #""context": [{"type": "element", "expression": "Element"}],"#,
    [
      element(
        "Extension.extension", min: 1,
        #""slicing": {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}"#),
      element("Extension.extension", slice: "lat", min: 1, max: "1"),
      element("Extension.extension.url", min: 1, max: "1", #""fixedUri": "lat""#),
      element("Extension.extension.value[x]", min: 1, max: "1", #""type": [{"code": "decimal"}]"#),
      element("Extension.extension", slice: "note", max: "1"),
      element("Extension.extension.url", min: 1, max: "1", #""fixedUri": "note""#),
      element("Extension.value[x]", max: "0"),
    ])

  private func check(_ members: String, options: ProfileOptions = ProfileOptions()) throws -> [String] {
    try findings(
      #"{"resourceType": "Patient", \#(members)}"#, meeting: [colour, address], options: options
    ).places
  }

  private func colour(_ value: String) -> String { #""extension": [{"url": "\#(colour.url)", \#(value)}]"# }

  @Test func `the place where an extension may stand`() throws {
    let right = colour(#""valueCode": "red""#)
    #expect(try check(#""contact": [{"name": {"text": "A"}, \#(right)}]"#).isEmpty)
    #expect(try check(#""name": [{"family": "Roe", "_family": {\#(right)}}]"#).isEmpty)
    #expect(try check(right) == ["extension-context Patient"])
    #expect(try check(#""name": [{"family": "Roe", \#(right)}]"#) == ["extension-context Patient.name[0]"])
  }

  @Test func `the type of its value, and whether it must have one`() throws {
    #expect(
      try check(#""contact": [{"name": {"text": "A"}, \#(colour(#""valueString": "red""#))}]"#)
        == ["profile-type Patient.contact[0].extension[0]"])
  }

  @Test func `a value is of its very type: a code is no string, nor an Age a Quantity`() throws {
    func check(_ type: String, _ value: String) throws -> [String] {
      let only = SmallDefinition(
        "only", of: "Extension", members: #""context": [{"type": "element", "expression": "Patient"}],"#,
        [element("Extension.value[x]", min: 1, max: "1", #""type": [{"code": "\#(type)"}]"#)])
      return try findings(
        #"{"resourceType": "Patient", "extension": [{"url": "\#(only.url)", \#(value)}]}"#, meeting: [only]
      ).places
    }
    #expect(try check("string", #""valueString": "x""#).isEmpty)
    #expect(try check("string", #""valueCode": "x""#) == ["profile-type Patient.extension[0]"])
    #expect(try check("uri", #""valueUrl": "http://example.org""#) == ["profile-type Patient.extension[0]"])
    let age = #""valueAge": {"value": 1, "system": "http://unitsofmeasure.org", "code": "a"}"#
    #expect(try check("Age", age).isEmpty)
    #expect(try check("Quantity", age) == ["profile-type Patient.extension[0]"])
  }

  @Test func `how often it may stand on an element`() throws {
    let once = SmallDefinition(
      "once", of: "Extension", members: #""context": [{"type": "element", "expression": "Element"}],"#,
      [
        #"{"id": "Extension", "path": "Extension", "min": 0, "max": "1"}"#,
        element("Extension.value[x]", min: 1, max: "1", #""type": [{"code": "code"}]"#),
      ])
    let it = #"{"url": "\#(once.url)", "valueCode": "x"}"#
    let contact = #"{"name": {"text": "A"}, "extension": [\#(it)]}"#
    let text =
      #"{"resourceType": "Patient", "extension": [\#(it), \#(it), \#(it)], "contact": [\#(contact), \#(contact)]}"#
    #expect(try findings(text, meeting: [once]).places == ["profile-max Patient"])
  }

  @Test func `the parts of a complex extension`() throws {
    func place(_ parts: String) -> String {
      #""extension": [{"url": "\#(address.url)", "extension": [\#(parts)]}]"#
    }
    let lat = #"{"url": "lat", "valueDecimal": 1.5}"#
    #expect(try check(place(lat)).isEmpty)
    #expect(try check(place(#"{"url": "note", "valueString": "x"}"#)) == ["profile-min Patient.extension[0]"])
    #expect(try check(place(lat + ", " + lat)) == ["profile-max Patient.extension[0]"])
    #expect(
      try check(place(lat + #", {"url": "long", "valueDecimal": 1.5}"#))
        == ["extension-url Patient.extension[0].extension[1]"])
  }

  @Test func `extensions that nobody defines`() throws {
    func check(
      _ url: String, _ policy: ProfileOptions.UnknownExtensions, tellsUndecided: Bool = false
    ) throws -> [String] {
      var options = ProfileOptions()
      options.unknownExtensions = policy
      return try findings(
        #"{"resourceType": "Patient", "extension": [{"url": "\#(url)", "valueCode": "x"}]}"#,
        meeting: [colour],
        options: options, tellsUndecided: tellsUndecided
      ).map { "\($0.severity) \($0.rule.code)" }
    }
    #expect(try check("http://clinic.test/x", .allow).isEmpty)
    #expect(try check("http://clinic.test/x", .inform).isEmpty)
    #expect(
      try check("http://clinic.test/x", .inform, tellsUndecided: true) == ["information extension-unknown"])
    #expect(try check("http://clinic.test/x", .warn) == ["warning extension-unknown"])
    #expect(try check("http://clinic.test/x", .error) == ["error extension-unknown"])
    #expect(try check("http://example.org/x", .error).isEmpty)
    #expect(try check("http://hl7.org/fhir/StructureDefinition/none", .inform) == ["error extension-unknown"])
    #expect(try check("none", .inform) == ["error extension-url"])
  }

  @Test func `extensions that change meanings stand in modifierExtension, others do not`() throws {
    let found = try check(
      #""modifierExtension": [{"url": "\#(address.url)", "extension": [{"url": "lat", "valueDecimal": 1}]}]"#)
    #expect(found == ["extension-modifier Patient.modifierExtension[0]"])
  }

  @Test func `the core's own extensions are known`() throws {
    let born =
      #"{"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime", "valueDateTime": "2020-01-01"}]}"#
    #expect(try check(#""birthDate": "2020-01-01", "_birthDate": \#(born)"#).isEmpty)
    #expect(try check(#""gender": "male", "_gender": \#(born)"#) == ["extension-context Patient.gender"])
  }
}
