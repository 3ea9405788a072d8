import FHIRModel
import FHIRValidation
import Testing

/// Resources with one fault of structure each, in JSON and in XML: it is told at its line, and nothing else is.
@Suite struct `One resource, one fault of structure` {
  struct Fault: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let json: String
    let xml: String

    init(_ name: String, _ json: String, _ xml: String) {
      (testDescription, self.json, self.xml) = (name, json, xml)
    }
  }

  private static let fhir = #"xmlns="http://hl7.org/fhir""#

  static let faults = [
    Fault(
      "an element that FHIR does not know",
      """
      {"resourceType": "Patient",
       ⟦unknown-element⟧"favouriteColour": "red",
       "active": true}
      """,
      """
      <Patient \(fhir)>
        ⟦unknown-element⟧<favouriteColour value="red"/>
        <active value="true"/></Patient>
      """),
    Fault(
      "a minimum within a backbone element",
      """
      {"resourceType": "Patient", "active": true, "communication": [
       ⟦cardinality-min⟧{"preferred": true}]}
      """,
      """
      <Patient \(fhir)><active value="true"/>
        ⟦cardinality-min⟧<communication><preferred value="true"/></communication></Patient>
      """),
    Fault(
      "a maximum",
      """
      {"resourceType": "Patient",
       "managingOrganization": [⟦array-unexpected⟧{"display": "a"}, {"display": "b"}]}
      """,
      """
      <Patient \(fhir)><managingOrganization><display value="a"/></managingOrganization>
        ⟦cardinality-max⟧<managingOrganization><display value="b"/></managingOrganization></Patient>
      """),
    Fault(
      "a code outside of a required binding",
      """
      {"resourceType": "Patient", "telecom": [{"value": "1",
        ⟦binding-required⟧"system": "telex"}]}
      """,
      """
      <Patient \(fhir)><telecom>
        ⟦binding-required⟧<system value="telex"/><value value="1"/></telecom></Patient>
      """),
    Fault(
      "the 30th of February",
      """
      {"resourceType": "Patient",
       ⟦primitive-range⟧"birthDate": "1984-02-30"}
      """,
      """
      <Patient \(fhir)>
        ⟦primitive-range⟧<birthDate value="1984-02-30"/></Patient>
      """),
    Fault(
      "no status",
      """

      ⟦cardinality-min⟧{"resourceType": "Observation", "code": {"text": "x"}}
      """,
      """

      ⟦cardinality-min⟧<Observation \(fhir)><code><text value="x"/></code></Observation>
      """),
    Fault(
      "no code",
      """

      ⟦cardinality-min⟧{"resourceType": "Observation", "status": "final"}
      """,
      """

      ⟦cardinality-min⟧<Observation \(fhir)><status value="final"/></Observation>
      """),
    Fault(
      "no participant",
      """
      ⟦cardinality-min⟧{"resourceType": "Appointment", "status": "proposed"}
      """,
      """
      ⟦cardinality-min⟧<Appointment \(fhir)><status value="proposed"/></Appointment>
      """),
    Fault(
      "two values of one choice",
      """
      {"resourceType": "Patient", "deceasedBoolean": true,
       ⟦choice-multiple⟧"deceasedDateTime": "2020"}
      """,
      """
      <Patient \(fhir)><deceasedBoolean value="true"/>
        ⟦choice-multiple⟧<deceasedDateTime value="2020"/></Patient>
      """),
    Fault(
      "the same thing twice",
      """
      {"resourceType": "Patient", "gender": "male", "active": true,
       ⟦json-duplicate-key⟧"gender": "male"}
      """,
      """
      <Patient \(fhir)><active value="true"/><gender value="male"/>
        ⟦cardinality-max⟧<gender value="male"/></Patient>
      """),
    Fault(
      "a list of nothing, and an element with nothing in it",
      """
      {"resourceType": "Patient", "active": true,
       ⟦array-empty⟧"name": []}
      """,
      """
      <Patient \(fhir)><active value="true"/>
        ⟦element-empty⟧<name/></Patient>
      """),
    Fault(
      "null, and no value at all",
      """
      {"resourceType": "Patient", "active": true,
       ⟦null-value⟧"gender": null}
      """,
      """
      <Patient \(fhir)><active value="true"/>
        ⟦element-empty⟧<gender/></Patient>
      """),
    Fault(
      "a text of nothing",
      """
      {"resourceType": "Patient", "active": true,
       ⟦string-empty⟧"language": ""}
      """,
      """
      <Patient \(fhir)>
        ⟦string-empty⟧<language value=""/><active value="true"/></Patient>
      """),
  ]

  @Test(arguments: faults) func `in JSON`(fault: Fault) throws { try expectMarked(fault.json) }
  @Test(arguments: faults) func `in XML`(fault: Fault) throws { try expectMarked(fault.xml) }
}
