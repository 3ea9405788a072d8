import FHIRModel
import FHIRValidation
import Testing

@Suite struct `Structure in XML` {
  @Test func `a sound resource has no findings`() throws {
    try expectMarked(
      """
      <Patient xmlns="http://hl7.org/fhir">
        <id value="a"/>
        <text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml">Ann</div></text>
        <extension url="http://example.org/x"><valueInteger value="3"/></extension>
        <active value="true"/>
        <name id="n1"><family value="Roe"/><given value="Ann"/><given value="B"/></name>
        <birthDate><extension url="http://example.org/y"><valueCode value="unknown"/></extension></birthDate>
        <multipleBirthInteger value="2"/>
      </Patient>
      """)
  }

  @Test func `the faults that XML shares with JSON`() throws {
    let issues = try expectMarked(
      """
      <Patient xmlns="http://hl7.org/fhir">
        ⟦primitive-format⟧<id value="a_b"/>
        ⟦value-kind⟧<name value="Bob"/>
        <name>⟦unknown-element⟧<middle value="x"/></name>
        ⟦binding-required⟧<gender value="m"/>
        ⟦primitive-range⟧<birthDate value="2023-02-30"/>
        <deceasedBoolean value="true"/>
        ⟦choice-multiple⟧<deceasedDateTime value="2020"/>
        ⟦element-empty⟧<maritalStatus/>
        ⟦string-empty⟧<multipleBirthInteger value=""/>
      </Patient>
      """)
    #expect(issues.map(\.expression).contains("Patient.name[1]"))
  }

  @Test func `more than one where one is the most`() throws {
    try expectMarked(
      """
      <Patient xmlns="http://hl7.org/fhir">
        <gender value="male"/>
        ⟦cardinality-max⟧<gender value="female"/>
        <gender value="male"/>
      </Patient>
      """)
  }

  @Test func `what XML writes as an attribute, and what not`() throws {
    try expectMarked(
      """
      <Patient xmlns="http://hl7.org/fhir">
        <extension>⟦unknown-element⟧<url value="http://example.org/x"/><valueInteger value="3"/></extension>
        ⟦unknown-element⟧<name use="official"><family value="Roe"/></name>
      </Patient>
      """)
  }
}
