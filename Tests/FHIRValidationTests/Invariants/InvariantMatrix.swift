/// A resource with one fault, in both formats: `⟦rule⟧` stands where the finding must be.
struct InvariantMatrix: CustomStringConvertible, Sendable {
  let key: String
  let markedJSON: String
  let markedXML: String

  init(_ key: String, _ json: String, _ xml: String) {
    self.key = key
    markedJSON = json.replacing("⟦⟧", with: "⟦\(key)⟧")
    markedXML = xml.replacing("⟦⟧", with: "⟦\(key)⟧")
  }

  var description: String { key }
  var json: String { MarkedSource(markedJSON).text }

  static let all = people + appointments + data + contained + bundles

  private static let fhir = "xmlns=\"http://hl7.org/fhir\""
  private static let xhtml = "xmlns=\"http://www.w3.org/1999/xhtml\""

  private static let people = [
    InvariantMatrix(
      "pat-1",
      #"""
      {"resourceType": "Patient", "active": true,
       "contact": [⟦⟧{"gender": "other"}]}
      """#,
      """
      <Patient \(fhir)><active value="true"/>
        ⟦⟧<contact><gender value="other"/></contact></Patient>
      """),
    InvariantMatrix(
      "org-1",
      #"""
      ⟦⟧{"resourceType": "Organization", "active": true}
      """#,
      """
      ⟦⟧<Organization \(fhir)><active value="true"/></Organization>
      """),
    InvariantMatrix(
      "org-2",
      #"""
      {"resourceType": "Organization", "name": "x",
       "address": [{"use": "work", "city": "a"}, ⟦⟧{"use": "home", "city": "a"}]}
      """#,
      """
      <Organization \(fhir)><name value="x"/>
        ⟦⟧<address><use value="home"/><city value="a"/></address></Organization>
      """),
    InvariantMatrix(
      "cpt-2",
      #"""
      {"resourceType": "Patient", "telecom": [⟦⟧{"value": "123"}]}
      """#,
      """
      <Patient \(fhir)>
        ⟦⟧<telecom><value value="123"/></telecom></Patient>
      """),
    InvariantMatrix(
      "ext-1",
      #"""
      {"resourceType": "Patient", "extension": [
        {"url": "http://example.org/a", "valueCode": "x"}, ⟦⟧{"url": "http://example.org/a"}]}
      """#,
      """
      <Patient \(fhir)>
        ⟦⟧<extension url="http://example.org/a"/></Patient>
      """),
    InvariantMatrix(
      "ext-1",
      #"""
      {"resourceType": "Patient", "birthDate": "2020", "_birthDate": {"extension": [
        ⟦⟧{"url": "http://example.org/a", "valueCode": "x", "extension": [
          {"url": "b", "valueCode": "x"}]}]}}
      """#,
      """
      <Patient \(fhir)><birthDate value="2020">
        ⟦⟧<extension url="http://example.org/a"><extension url="b"><valueCode value="x"/></extension>
          <valueCode value="x"/></extension></birthDate></Patient>
      """),
    InvariantMatrix(
      "element-empty",
      #"""
      {"resourceType": "Patient",
       ⟦⟧"maritalStatus": {}}
      """#,
      """
      <Patient \(fhir)>
        ⟦⟧<maritalStatus/></Patient>
      """),
    InvariantMatrix(
      "txt-1",
      #"""
      {"resourceType": "Patient", "text": {"status": "generated",
       "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>x</p>⟦⟧<script>y</script></div>"}}
      """#,
      """
      <Patient \(fhir)><text><status value="generated"/>
        <div \(xhtml)><p>x</p>
          ⟦⟧<script>y</script></div></text></Patient>
      """),
    InvariantMatrix(
      "txt-2",
      #"""
      {"resourceType": "Patient", "text": {"status": "generated",
       "div": "⟦⟧<div xmlns=\"http://www.w3.org/1999/xhtml\"> </div>"}}
      """#,
      """
      <Patient \(fhir)><text><status value="generated"/>
        ⟦⟧<div \(xhtml)> </div></text></Patient>
      """),
  ]

  private static let participant =
    #""participant": [{"actor": {"reference": "Patient/1"}, "status": "accepted"}]"#
  private static let participantXML =
    "<participant><actor><reference value=\"Patient/1\"/></actor><status value=\"accepted\"/></participant>"

  private static let appointments = [
    InvariantMatrix(
      "app-1",
      #"""
      {"resourceType": "Appointment", "status": "proposed",
       "participant": [⟦⟧{"status": "accepted"}]}
      """#,
      """
      <Appointment \(fhir)><status value="proposed"/>
        ⟦⟧<participant><status value="accepted"/></participant></Appointment>
      """),
    InvariantMatrix(
      "app-2",
      #"""
      ⟦⟧{"resourceType": "Appointment", "status": "proposed", "start": "2024-05-01T10:00:00Z",
       \#(participant)}
      """#,
      """
      ⟦⟧<Appointment \(fhir)><status value="proposed"/><start value="2024-05-01T10:00:00Z"/>
        \(participantXML)</Appointment>
      """),
    InvariantMatrix(
      "app-3",
      #"""
      ⟦⟧{"resourceType": "Appointment", "status": "booked", \#(participant)}
      """#,
      """
      ⟦⟧<Appointment \(fhir)><status value="booked"/>\(participantXML)</Appointment>
      """),
    InvariantMatrix(
      "app-4",
      #"""
      ⟦⟧{"resourceType": "Appointment", "status": "proposed", "cancelationReason": {"text": "x"},
       \#(participant)}
      """#,
      """
      ⟦⟧<Appointment \(fhir)><status value="proposed"/><cancelationReason><text value="x"/></cancelationReason>
        \(participantXML)</Appointment>
      """),
    InvariantMatrix(
      "per-1",
      #"""
      {"resourceType": "Patient", "name": [{"text": "x",
        ⟦⟧"period": {"start": "2024-05-02", "end": "2024-05-01"}}]}
      """#,
      """
      <Patient \(fhir)><name><text value="x"/>
        ⟦⟧<period><start value="2024-05-02"/><end value="2024-05-01"/></period></name></Patient>
      """),
  ]

  private static let data = [
    InvariantMatrix(
      "obs-6",
      #"""
      ⟦⟧{"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "valueString": "x",
       "dataAbsentReason": {"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "unknown"}]}}
      """#,
      """
      ⟦⟧<Observation \(fhir)><status value="final"/><code><text value="x"/></code>
        <valueString value="x"/><dataAbsentReason><coding>
        <system value="http://terminology.hl7.org/CodeSystem/data-absent-reason"/><code value="unknown"/>
        </coding></dataAbsentReason></Observation>
      """),
    InvariantMatrix(
      "obs-7",
      #"""
      ⟦⟧{"resourceType": "Observation", "status": "final", "valueString": "x",
       "code": {"coding": [{"system": "http://example.org", "code": "a"}]},
       "component": [{"code": {"coding": [{"system": "http://example.org", "code": "a"}]}, "valueString": "y"}]}
      """#,
      """
      ⟦⟧<Observation \(fhir)><status value="final"/>
        <code><coding><system value="http://example.org"/><code value="a"/></coding></code>
        <valueString value="x"/><component>
          <code><coding><system value="http://example.org"/><code value="a"/></coding></code>
          <valueString value="y"/></component></Observation>
      """),
    InvariantMatrix(
      "obs-3",
      #"""
      {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
       "referenceRange": [⟦⟧{"type": {"text": "x"}}]}
      """#,
      """
      <Observation \(fhir)><status value="final"/><code><text value="x"/></code>
        ⟦⟧<referenceRange><type><text value="x"/></type></referenceRange></Observation>
      """),
    InvariantMatrix(
      "qty-3",
      #"""
      {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
       ⟦⟧"valueQuantity": {"value": 1, "code": "mg"}}
      """#,
      """
      <Observation \(fhir)><status value="final"/><code><text value="x"/></code>
        ⟦⟧<valueQuantity><value value="1"/><code value="mg"/></valueQuantity></Observation>
      """),
    InvariantMatrix(
      "rng-2",
      #"""
      {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
       ⟦⟧"valueRange": {"low": {"value": 2, "unit": "x"}, "high": {"value": 1, "unit": "x"}}}
      """#,
      """
      <Observation \(fhir)><status value="final"/><code><text value="x"/></code>
        ⟦⟧<valueRange><low><value value="2"/><unit value="x"/></low>
          <high><value value="1"/><unit value="x"/></high></valueRange></Observation>
      """),
    InvariantMatrix(
      "rat-1",
      #"""
      {"resourceType": "Observation", "status": "final", "code": {"text": "x"},
       ⟦⟧"valueRatio": {"numerator": {"value": 2}}}
      """#,
      """
      <Observation \(fhir)><status value="final"/><code><text value="x"/></code>
        ⟦⟧<valueRatio><numerator><value value="2"/></numerator></valueRatio></Observation>
      """),
    InvariantMatrix(
      "att-1",
      #"""
      {"resourceType": "Patient",
       "photo": [⟦⟧{"data": "AAAA"}]}
      """#,
      """
      <Patient \(fhir)>
        ⟦⟧<photo><data value="AAAA"/></photo></Patient>
      """),
    InvariantMatrix(
      "ras-1",
      #"""
      {"resourceType": "RiskAssessment", "status": "final", "subject": {"reference": "Patient/1"}, "prediction": [
       {"probabilityDecimal": 3}, {⟦⟧"probabilityRange": {"low": {"value": 2, "unit": "x"}}}]}
      """#,
      """
      <RiskAssessment \(fhir)><status value="final"/><subject><reference value="Patient/1"/></subject>
        <prediction><probabilityDecimal value="3"/></prediction><prediction>
        ⟦⟧<probabilityRange><low><value value="2"/><unit value="x"/></low></probabilityRange></prediction>
      </RiskAssessment>
      """),
    InvariantMatrix(
      "ras-2",
      #"""
      {"resourceType": "RiskAssessment", "status": "final", "subject": {"reference": "Patient/1"}, "prediction": [
       ⟦⟧{"probabilityDecimal": 300}]}
      """#,
      """
      <RiskAssessment \(fhir)><status value="final"/><subject><reference value="Patient/1"/></subject>
        ⟦⟧<prediction><probabilityDecimal value="300"/></prediction></RiskAssessment>
      """),
    InvariantMatrix(
      "que-7",
      #"""
      {"resourceType": "Questionnaire", "status": "draft", "item": [{"linkId": "1", "type": "display"},
       {"linkId": "2", "type": "string", "enableWhen": [
        {"question": "1", "operator": "exists", "answerBoolean": true},
        ⟦⟧{"question": "1", "operator": "exists", "answerInteger": 1}], "enableBehavior": "all"}]}
      """#,
      """
      <Questionnaire \(fhir)><status value="draft"/><item><linkId value="1"/><type value="display"/></item>
        <item><linkId value="2"/><type value="string"/>
        ⟦⟧<enableWhen><question value="1"/><operator value="exists"/><answerInteger value="1"/></enableWhen></item></Questionnaire>
      """),
    InvariantMatrix(
      "que-2",
      #"""
      ⟦⟧{"resourceType": "Questionnaire", "status": "draft", "item": [{"linkId": "1", "type": "group",
       "item": [{"linkId": "1", "type": "display"}]}]}
      """#,
      """
      ⟦⟧<Questionnaire \(fhir)><status value="draft"/><item><linkId value="1"/><type value="string"/></item>
        <item><linkId value="1"/><type value="string"/></item></Questionnaire>
      """),
    InvariantMatrix(
      "con-4",
      #"""
      ⟦⟧{"resourceType": "Condition", "subject": {"reference": "Patient/1"}, "abatementString": "x",
       "clinicalStatus": {"coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}]}}
      """#,
      """
      ⟦⟧<Condition \(fhir)><clinicalStatus><coding>
        <system value="http://terminology.hl7.org/CodeSystem/condition-clinical"/><code value="active"/>
        </coding></clinicalStatus><subject><reference value="Patient/1"/></subject><abatementString value="x"/>
      </Condition>
      """),
    InvariantMatrix(
      "inv-1",
      #"""
      {"resourceType": "Parameters", "parameter": [
       ⟦⟧{"name": "x"}]}
      """#,
      """
      <Parameters \(fhir)>
        ⟦⟧<parameter><name value="x"/></parameter></Parameters>
      """),
    InvariantMatrix(
      "tim-9",
      #"""
      {"resourceType": "Observation", "status": "final", "code": {"text": "x"}, "effectiveTiming": {
       ⟦⟧"repeat": {"when": ["MORN", "CM"], "offset": 10}}}
      """#,
      """
      <Observation \(fhir)><status value="final"/><code><text value="x"/></code><effectiveTiming>
        ⟦⟧<repeat><when value="MORN"/><when value="CM"/><offset value="10"/></repeat></effectiveTiming></Observation>
      """),
  ]

  private static let contained = [
    InvariantMatrix(
      "dom-2",
      #"""
      {"resourceType": "Patient", "managingOrganization": {"reference": "#a"}, "contained": [
       {"resourceType": "Organization", "id": "a", "name": "x", "contained": [
        ⟦⟧{"resourceType": "Organization", "id": "b", "name": "x"}]}]}
      """#,
      """
      <Patient \(fhir)><contained><Organization><id value="a"/>
        ⟦⟧<contained><Organization><id value="b"/><name value="x"/></Organization></contained><name value="x"/></Organization>
        </contained><managingOrganization><reference value="#a"/></managingOrganization></Patient>
      """),
    InvariantMatrix(
      "dom-3",
      #"""
      {"resourceType": "Patient", "contained": [
       ⟦⟧{"resourceType": "Organization", "id": "a", "name": "x"}]}
      """#,
      """
      <Patient \(fhir)>
        ⟦⟧<contained><Organization><id value="a"/><name value="x"/></Organization></contained></Patient>
      """),
    InvariantMatrix(
      "dom-4",
      #"""
      {"resourceType": "Patient", "managingOrganization": {"reference": "#a"}, "contained": [
       {"resourceType": "Organization", "id": "a", "name": "x", "meta": {
        ⟦⟧"versionId": "1"}}]}
      """#,
      """
      <Patient \(fhir)><contained><Organization><id value="a"/><meta>
        ⟦⟧<versionId value="1"/></meta><name value="x"/></Organization></contained>
        <managingOrganization><reference value="#a"/></managingOrganization></Patient>
      """),
    InvariantMatrix(
      "dom-5",
      #"""
      {"resourceType": "Patient", "managingOrganization": {"reference": "#a"}, "contained": [
       {"resourceType": "Organization", "id": "a", "name": "x", "meta": {
        "security": [
         ⟦⟧{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}}]}
      """#,
      """
      <Patient \(fhir)><contained><Organization><id value="a"/><meta>
        ⟦⟧<security><system value="http://terminology.hl7.org/CodeSystem/v3-Confidentiality"/><code value="R"/></security></meta><name value="x"/>
        </Organization></contained><managingOrganization><reference value="#a"/></managingOrganization></Patient>
      """),
    InvariantMatrix(
      "ref-1",
      #"""
      {"resourceType": "Patient",
       "managingOrganization": {⟦⟧"reference": "#a"}}
      """#,
      """
      <Patient \(fhir)><managingOrganization>
        ⟦⟧<reference value="#a"/></managingOrganization></Patient>
      """),
  ]
}
