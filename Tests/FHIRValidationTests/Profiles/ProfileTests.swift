import FHIRModel
import FHIRValidation
import Testing

@Suite struct `Profiles` {
  @Test func `elements that a profile requires and forbids`() throws {
    let profile = SmallDefinition(
      "strict", of: "Patient",
      [
        element("Patient.identifier", min: 1), element("Patient.name", min: 2, max: "2"),
        element("Patient.photo", max: "0"), element("Patient.contact"),
        element("Patient.contact.name", min: 1, max: "1"),
        element("Patient.contact.name.family", min: 1, max: "1"),
      ])
    let found = try findings(
      #"""
      {"resourceType": "Patient", "name": [{"text": "A"}], "photo": [{"url": "http://x.org/p"}],
       "contact": [{"organization": {"display": "C"}}, {"name": {"text": "B"}}]}
      """#, meeting: [profile])
    #expect(
      found.places == [
        "profile-min Patient", "profile-min Patient", "profile-max Patient", "profile-min Patient.contact[0]",
        "profile-min Patient.contact[1].name",
      ])
    #expect(found[0].message.contains("Patient.identifier is missing"))
    #expect(found[0].message.contains(profile.url))
    #expect(found[1].message.contains("Patient.name stands once, but must stand at least 2 times"))
  }

  @Test func `what the type demands already is not told twice`() throws {
    let profile = SmallDefinition("plain", of: "Observation", [element("Observation.code", min: 1, max: "1")])
    let found = try findings(
      #"{"resourceType": "Observation", "status": "final"}"#, meeting: [profile])
    #expect(found.places == ["cardinality-min Observation"])
  }

  @Test func `the types that a profile leaves of a choice`() throws {
    let one = SmallDefinition(
      "one", of: "Observation",
      [element("Observation.value[x]", max: "1", #""type": [{"code": "Quantity"}]"#)])
    let text =
      #"{"resourceType": "Observation", "status": "final", "code": {"text": "c"}, "valueString": "s"}"#
    let found = try findings(text, meeting: [one])
    #expect(found.places == ["profile-type Observation.value.ofType(string)"])
    #expect(found[0].message.contains("must be of type Quantity"))
    let two = SmallDefinition(
      "two", of: "Observation",
      [
        element(
          "Observation.value[x]", max: "1", #""type": [{"code": "Quantity"}, {"code": "CodeableConcept"}]"#)
      ])
    #expect(try findings(text, meeting: [two]).places == ["profile-type Observation"])
    let right = #"""
      {"resourceType": "Observation", "status": "final", "code": {"text": "c"}, "valueQuantity": {"value": 1}}
      """#
    #expect(try findings(right, meeting: [two, one]).isEmpty)
  }

  @Test func `fixed values are exact`() throws {
    let profile = SmallDefinition(
      "fixed", of: "Observation",
      [
        element("Observation.status", min: 1, max: "1", #""fixedCode": "final""#),
        element(
          "Observation.code", min: 1, max: "1",
          #""fixedCodeableConcept": {"coding": [{"system": "http://example.org/s", "code": "a"}]}"#),
      ])
    func check(_ status: String, _ code: String) throws -> [String] {
      try findings(
        #"{"resourceType": "Observation", "status": "\#(status)", "code": \#(code)}"#, meeting: [profile]
      ).filter { $0.severity >= .error }.places
    }
    let right = #"{"coding": [{"code": "a", "system": "http://example.org/s"}]}"#
    #expect(try check("final", right).isEmpty)
    #expect(try check("amended", right) == ["profile-fixed Observation.status"])
    let more = #"{"coding": [{"system": "http://example.org/s", "code": "a", "display": "A"}]}"#
    #expect(try check("final", more) == ["profile-fixed Observation.code.coding[0]"])
    let two = #"{"coding": [{"system": "http://example.org/s", "code": "a"}, {"code": "b"}]}"#
    #expect(try check("final", two) == ["profile-fixed Observation.code"])
  }

  @Test func `patterns may be surrounded`() throws {
    let profile = SmallDefinition(
      "pattern", of: "Observation",
      [
        element(
          "Observation.code", min: 1, max: "1",
          #""patternCodeableConcept": {"coding": [{"system": "http://example.org/s", "code": "a"}]}"#),
        element(
          "Observation.valueQuantity", max: "1", #""patternQuantity": {"value": 1.50, "code": "mg"}"#,
          #""type": [{"code": "Quantity"}]"#),
      ])
    func check(_ coding: String, value: String) throws -> [String] {
      try findings(
        #"""
        {"resourceType": "Observation", "status": "final", "code": {"text": "t", "coding": [{"code": "z"}, \#(coding)]},
         "valueQuantity": {"unit": "u", "value": \#(value), "code": "mg", "system": "http://unitsofmeasure.org"}}
        """#, meeting: [profile]
      ).filter { $0.severity >= .error }.places
    }
    let right = #"{"display": "d", "system": "http://example.org/s", "code": "a"}"#
    #expect(try check(right, value: "1.50").isEmpty)
    #expect(try check(right, value: "150e-2").isEmpty)
    #expect(try check(right, value: "1.5") == ["profile-pattern Observation.value.ofType(Quantity).value"])
    #expect(
      try check(#"{"system": "http://example.org/s"}"#, value: "1.50") == ["profile-pattern Observation.code"]
    )
  }

  @Test func `length, and the range of numbers`() throws {
    let profile = SmallDefinition(
      "range", of: "Patient",
      [
        element("Patient.name"), element("Patient.name.family", max: "1", #""maxLength": 3"#),
        element("Patient.multipleBirth[x]", max: "1", #""minValueInteger": 2"#, #""maxValueInteger": 9"#),
      ])
    func check(_ family: String, _ birth: String) throws -> [String] {
      try findings(
        #"{"resourceType": "Patient", "name": [{"family": "\#(family)"}], "multipleBirthInteger": \#(birth)}"#,
        meeting: [profile]
      ).places
    }
    #expect(try check("äöü", "2").isEmpty)
    #expect(try check("Stone", "9") == ["profile-length Patient.name[0].family"])
    #expect(try check("Roe", "1") == ["profile-range Patient.multipleBirth.ofType(integer)"])
    #expect(try check("Roe", "10") == ["profile-range Patient.multipleBirth.ofType(integer)"])
  }

  @Test func `profiles that resources claim`() throws {
    let profile = SmallDefinition("claimed", of: "Patient", [element("Patient.name", min: 1)])
    let other = SmallDefinition("other", of: "Basic", [])
    let found = try findings(
      #"""
      {"resourceType": "Bundle", "type": "collection", "entry": [
        {"fullUrl": "http://example.org/Patient/1", "resource": {"resourceType": "Patient", "id": "1",
          "meta": {"profile": ["\#(profile.url)", "http://example.org/none", "\#(other.url)"]}}}]}
      """#, meeting: [SmallDefinition("any", of: "Bundle", []), profile, other])
    #expect(
      found.places == [
        "profile-min Bundle.entry[0].resource", "profile-type Bundle.entry[0].resource",
        "profile-unknown Bundle.entry[0].resource.meta.profile[1]",
      ])
    #expect(found[2].severity == .warning)
  }

  @Test func `elements that a profile's users must support`() throws {
    let profile = SmallDefinition(
      "supported", of: "Patient",
      [
        element("Patient.name", #""mustSupport": true"#),
        element("Patient.gender", max: "1", #""mustSupport": true"#),
      ])
    let text = #"{"resourceType": "Patient", "gender": "male"}"#
    #expect(try findings(text, meeting: [profile]).isEmpty)
    var options = ProfileOptions()
    options.tellsMustSupport = true
    let found = try findings(text, meeting: [profile], options: options)
    #expect(found.places == ["profile-must-support Patient"])
    #expect(found[0].severity == .information)
  }

  @Test func `profiles of datatypes, one of several`() throws {
    let home = SmallDefinition("home", of: "Address", [element("Address.city", min: 1, max: "1")])
    let post = SmallDefinition("post", of: "Address", [element("Address.postalCode", min: 1, max: "1")])
    let both = SmallDefinition(
      "both", of: "Patient",
      [
        element(
          "Patient.address", #""type": [{"code": "Address", "profile": ["\#(home.url)", "\#(post.url)"]}]"#)
      ])
    func check(_ address: String) throws -> [String] {
      try findings(#"{"resourceType": "Patient", "address": [\#(address)]}"#, meeting: [both, home, post])
        .places
    }
    #expect(try check(#"{"city": "Ulm"}, {"postalCode": "1"}"#).isEmpty)
    #expect(
      try check(#"{"text": "x"}"#) == [
        "profile-none Patient.address[0]", "profile-min Patient.address[0]", "profile-min Patient.address[0]",
      ])
  }

  @Test func `an element that holds itself keeps its rules`() throws {
    let profile = SmallDefinition(
      "nested", of: "Questionnaire",
      [
        element("Questionnaire.item", #""id": "Questionnaire.item""#),
        element("Questionnaire.item.text", min: 1, max: "1"),
        element("Questionnaire.item.item", ##""contentReference": "#Questionnaire.item""##),
      ])
    let found = try findings(
      #"""
      {"resourceType": "Questionnaire", "status": "draft", "item": [{"linkId": "1", "type": "group", "text": "a",
        "item": [{"linkId": "2", "type": "group", "text": "b", "item": [{"linkId": "3", "type": "string"}]}]}]}
      """#, meeting: [profile])
    #expect(
      found.filter { $0.severity >= .error }.places == ["profile-min Questionnaire.item[0].item[0].item[0]"])
  }

  @Test func `XML is read by the same rules`() throws {
    let profile = SmallDefinition(
      "xml", of: "Patient",
      [
        element("Patient.gender", min: 1, max: "1", #""fixedCode": "female""#),
        element("Patient.photo", max: "0"),
      ])
    let found = try findings(
      #"<Patient xmlns="http://hl7.org/fhir"><gender value="male"/><photo><url value="http://x.org"/></photo></Patient>"#,
      meeting: [profile])
    #expect(found.places == ["profile-max Patient", "profile-fixed Patient.gender"])
    #expect(found[1].position?.line == 1)
  }

  @Test func `a binding of a profile's own`() throws {
    let profile = SmallDefinition(
      "bound", of: "Patient",
      [
        element(
          "Patient.maritalStatus", max: "1",
          #""binding": {"strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/contact-point-use"}"#
        )
      ])
    func check(_ system: String) throws -> [String] {
      try findings(
        #"""
        {"resourceType": "Patient",
         "maritalStatus": {"coding": [{"system": "http://hl7.org/fhir/\#(system)", "code": "home"}]}}
        """#, meeting: [profile]
      ).filter { $0.severity >= .error }.places
    }
    #expect(try check("contact-point-use").isEmpty)
    #expect(try check("address-use") == ["binding-required Patient.maritalStatus"])
  }

  @Test func `invariants of a profile's own`() throws {
    let profile = SmallDefinition(
      "invariant", of: "Patient",
      [
        element(
          "Patient",
          #""constraint": [{"key": "own-1", "severity": "error", "human": "x", "expression": "name.exists()"}]"#
        ),
        element(
          "Patient.name",
          #""constraint": [{"key": "own-2", "severity": "warning", "human": " family names\n are longer ", "expression": "family.length() > 2"}]"#
        ),
      ])
    #expect(
      try findings(#"{"resourceType": "Patient", "active": true}"#, meeting: [profile]).places == [
        "own-1 Patient"
      ])
    let found = try findings(
      #"{"resourceType": "Patient", "name": [{"text": "A"}, {"family": "Li"}, {"family": "Roe"}]}"#,
      meeting: [profile])
    #expect(found.places == ["own-2 Patient.name[1]"])
    #expect(found[0].severity == .warning)
    // What the profile's author says of it comes first; the expression tells the rest.
    #expect(
      found[0].message.contains("own-2, family names are longer (family.length() > 2)"), "\(found[0].message)"
    )
  }

  @Test func `the range of dates and quantities`() throws {
    let profile = SmallDefinition(
      "ranges", of: "Observation",
      [
        element(
          "Observation.effectiveDateTime", max: "1", #""minValueDateTime": "2020-01-01""#,
          #""type": [{"code": "dateTime"}]"#),
        element(
          "Observation.valueQuantity", max: "1", #""type": [{"code": "Quantity"}]"#,
          #""maxValueQuantity": {"value": 10, "system": "http://unitsofmeasure.org", "code": "kg"}"#),
      ])
    func check(_ date: String, _ value: String, _ unit: String) throws -> [String] {
      try findings(
        #"""
        {"resourceType": "Observation", "status": "final", "code": {"text": "c"}, "effectiveDateTime": "\#(date)",
         "valueQuantity": {"value": \#(value), "system": "http://unitsofmeasure.org", "code": "\#(unit)"}}
        """#, meeting: [profile]
      ).filter { $0.severity >= .error }.places
    }
    #expect(try check("2020-01-01", "10.0", "kg").isEmpty)
    #expect(try check("2019-12", "1", "kg") == ["profile-range Observation.effective.ofType(dateTime)"])
    #expect(try check("2020", "9999", "g").isEmpty)
    #expect(try check("2020", "10001", "g") == ["profile-range Observation.value.ofType(Quantity)"])
    #expect(try check("2020", "99", "cm").isEmpty)
  }

  @Test func `what may stand for a value that is missing`() throws {
    let profile = SmallDefinition(
      "valued", of: "Patient",
      [
        element(
          "Patient.active", max: "1",
          #""extension": [{"url": "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.mustHaveValue", "valueBoolean": true}]"#
        ),
        element(
          "Patient.birthDate", max: "1",
          #""extension": [{"url": "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.valueAlternatives", "valueCanonical": "http://hl7.org/fhir/StructureDefinition/data-absent-reason"}]"#
        ),
      ])
    let absent =
      #"{"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}"#
    let other = #"{"extension": [{"url": "http://example.org/x", "valueCode": "unknown"}]}"#
    #expect(
      try findings(#"{"resourceType": "Patient", "_birthDate": \#(absent)}"#, meeting: [profile]).isEmpty)
    #expect(
      try findings(
        #"{"resourceType": "Patient", "_active": \#(absent), "_birthDate": \#(other)}"#, meeting: [profile]
      )
      .places == ["profile-min Patient.active", "profile-min Patient.birthDate"])
  }
}

@Suite struct `Profiles that are not at hand` {
  @Test func `what must meet one is a warning, or an error where asked for`() throws {
    let profile = SmallDefinition(
      "patient", of: "Patient",
      [
        element(
          "Patient.identifier",
          #""type": [{"code": "Identifier", "profile": ["http://example.org/nowhere"]}]"#)
      ])
    let text = #"{"resourceType": "Patient", "identifier": [{"value": "1"}, {"value": "2"}]}"#
    let warned = try findings(text, meeting: [profile])
    #expect(Set(warned.map(\.severity)) == [.warning])
    #expect(Set(warned.map(\.rule.code)) == ["profile-unknown"])
    var options = ProfileOptions()
    options.unknownProfiles = .error
    let issues = try findings(text, meeting: [profile], options: options)
    #expect(issues.map(\.severity) == [.error, .error])
    #expect(issues.map(\.expression) == ["Patient.identifier[0]", "Patient.identifier[1]"])
  }
}
