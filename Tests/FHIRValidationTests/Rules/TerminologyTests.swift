import FHIRModel
import FHIRValidation
import Testing

/// Codes judged by the value sets that R4 binds them to, and by the systems that they name.
@Suite struct Terminology {
  @Test(arguments: [
    // A code whose system the element implies.
    #"{"resourceType":"Patient",⟦binding-required⟧"gender":"femme"}"#,
    #"{"resourceType":"Patient","gender":"female"}"#,
    // Extensible: a warning, once for a concept, none for a coding that the value set has.
    #"{"resourceType":"Patient",⟦binding-extensible⟧"maritalStatus":{"text":"as ever"}}"#,
    #"{"resourceType":"Patient",⟦binding-extensible⟧"maritalStatus":{"coding":[{"system":"http://clinic.org/m","code":"x"}]}}"#,
    #"{"resourceType":"Patient","maritalStatus":{"coding":[{"system":"http://clinic.org/m","code":"x"},{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]}}"#,
    // Preferred and example bindings ask for nothing.
    #"{"resourceType":"Patient","communication":[{"language":{"coding":[{"system":"urn:ietf:bcp:47","code":"gsw-CH"}]}}]}"#,
    // A maximum value set says from where codes may be taken: a text alone has none, a code may be another one, for HL7's validator
    // lets it pass, and what a preferred code is must be one.
    #"{"resourceType":"Patient","communication":[{"language":{"text":"Züritüütsch"}}]}"#,
    #"{"resourceType":"Patient","communication":[{"language":{"coding":[{"display":"Züritüütsch"}]}}]}"#,
    #"{"resourceType":"Patient","communication":[{⟦binding-maximum⟧"language":{"coding":[{"system":"http://clinic.org/l","code":"german"}]}}]}"#,
    #"{"resourceType":"Patient",⟦binding-required⟧"language":"en_US"}"#,
    // A required CodeableConcept: one finding, whether its code exists elsewhere or not.
    #"{"resourceType":"AllergyIntolerance","patient":{"display":"x"},⟦binding-required⟧"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"actve"}]}}"#,
    #"{"resourceType":"AllergyIntolerance","patient":{"display":"x"},⟦binding-required⟧"clinicalStatus":{"coding":[{"code":"active"}]}}"#,
  ])
  func `bindings`(marked: String) throws { try expectMarked(marked) }

  @Test(arguments: [
    // A code that its system does not have, in an element without a binding of force.
    #"{"resourceType":"Basic","code":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus",⟦code-unknown⟧"code":"Q"}]}}"#,
    // Told by the coding, not by the extensible binding as well.
    #"{"resourceType":"Patient","maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus",⟦code-unknown⟧"code":"Q"}]}}"#,
    // Another version than the one at hand cannot be judged.
    #"{"resourceType":"Basic","code":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","version":"1999","code":"Q"}]}}"#,
    #"{"resourceType":"Basic","code":{"coding":[{"system":"http://clinic.org/unknown","code":"Q"}]}}"#,
    #"{"resourceType":"Basic","code":{"coding":[⟦code-system-missing⟧{"code":"Q"}]}}"#,
    #"{"resourceType":"Basic","code":{"coding":[{⟦code-system⟧"system":"LOINC","code":"8480-6"}]}}"#,
    #"{"resourceType":"Basic","code":{"coding":[{⟦code-system⟧"system":"http://hl7.org/fhir/ValueSet/marital-status","code":"M"}]}}"#,
    #"{"resourceType":"Basic","code":{"coding":[{"system":"http://loinc.org",⟦code-shape⟧"code":"8480-7"}]}}"#,
    #"{"resourceType":"Basic","code":{"coding":[{"system":"http://snomed.info/sct",⟦code-shape⟧"code":"73211008"}]}}"#,
    #"{"resourceType":"Basic","code":{"coding":[{"system":"urn:ietf:bcp:47",⟦code-unknown⟧"code":"en_US"}]}}"#,
    #"{"resourceType":"Basic","code":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M",⟦code-display⟧"display":"Maried"}]}}"#,
    #"{"resourceType":"Basic","code":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M","display":"married"}]}}"#,
    // Units.
    #"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1,"system":"http://unitsofmeasure.org",⟦code-unknown⟧"code":"mmHg"}}"#,
    #"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1,"system":"http://unitsofmeasure.org","code":"mm[Hg]"}}"#,
    #"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1,"system":"http://clinic.org/units","code":"mmHg"}}"#,
    // Identifiers.
    #"{"resourceType":"Practitioner","identifier":[{"system":"http://hl7.org/fhir/sid/us-npi",⟦identifier-check-digit⟧"value":"1234567890"}]}"#,
    #"{"resourceType":"Practitioner","identifier":[{"system":"http://hl7.org/fhir/sid/us-npi","value":"1234567893"}]}"#,
    #"{"resourceType":"Practitioner","identifier":[{"system":"urn:ietf:rfc:3986","value":"urn:oid:1.2.3"}]}"#,
    #"{"resourceType":"Practitioner","identifier":[{"system":"urn:ietf:rfc:3986",⟦code-system⟧"value":"1.2.3"}]}"#,
  ])
  func `codes and their systems`(marked: String) throws { try expectMarked(marked) }

  @Test func `messages name what was expected, and never the data`() throws {
    let text = #"{"resourceType":"Patient","gender":"femail"}"#
    let message = try #require(try findings(text).first?.message)
    #expect(
      message
        == "Patient.gender must be one of the 4 codes of administrative-gender (male, female, other, unknown)"
    )
    let shown = try #require(try findings(text, options: ValidationOptions(showValues: true)).first?.message)
    #expect(shown.hasSuffix("(found: femail)"))
  }

  @Test func `an unknown code is told with the nearest that exists`() throws {
    let text = """
      {"resourceType":"Observation","status":"final","code":{"text":"x"},"category":[{"coding":[
        {"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-sign"}]}]}
      """
    #expect(try findings(text).first?.message.contains("perhaps vital-signs") == true)
  }

  @Test func `what cannot be judged is told on request, as information`() throws {
    let text =
      #"{"resourceType":"Basic","code":{"coding":[{"system":"http://clinic.org/unknown","code":"Q"}]}}"#
    #expect(try findings(text).isEmpty)
    var options = ValidationOptions()
    options.tellsUndecided = true
    let issues = try findings(text, options: options)
    #expect(issues.map(\.severity) == [.information])
    #expect(issues.first?.rule == .codeUndecided)
    #expect(issues.first?.message.contains("http://clinic.org/unknown") == true)
  }

  @Test func `XML is judged alike`() throws {
    try expectMarked(
      """
      <Patient xmlns="http://hl7.org/fhir">⟦binding-required⟧<gender value="f"/><maritalStatus><coding>
      <system value="http://terminology.hl7.org/CodeSystem/v3-MaritalStatus"/>⟦code-unknown⟧<code value="Q"/>
      </coding></maritalStatus></Patient>
      """)
  }
}
