extension InvariantMatrix {
  private static let fhir = "xmlns=\"http://hl7.org/fhir\""
  private static let one = "urn:uuid:00000000-0000-4000-8000-000000000001"
  private static let two = "urn:uuid:00000000-0000-4000-8000-000000000002"
  private static let composition =
    #""resource": {"resourceType": "Composition", "status": "final", "type": {"text": "x"}, "#
    + #""date": "2024", "title": "x", "author": [{"display": "x"}]}"#
  private static let compositionXML =
    "<resource><Composition><status value=\"final\"/><type><text value=\"x\"/></type><date value=\"2024\"/>"
    + "<author><display value=\"x\"/></author><title value=\"x\"/></Composition></resource>"
  private static let identifier = #""identifier": {"system": "http://example.org", "value": "1"}"#
  private static let identifierXML =
    "<identifier><system value=\"http://example.org\"/><value value=\"1\"/></identifier>"

  static let bundles = [
    InvariantMatrix(
      "bdl-1",
      #"""
      {"resourceType": "Bundle", "type": "collection",
       ⟦⟧"total": 1}
      """#,
      """
      <Bundle \(fhir)><type value="collection"/>
        ⟦⟧<total value="1"/></Bundle>
      """),
    InvariantMatrix(
      "bdl-2",
      #"""
      {"resourceType": "Bundle", "type": "collection", "entry": [
       ⟦⟧{"fullUrl": "\#(one)", "resource": {"resourceType": "Patient", "active": true}, "search": {"mode": "match"}}]}
      """#,
      """
      <Bundle \(fhir)><type value="collection"/>
        ⟦⟧<entry><fullUrl value="\(one)"/><resource><Patient><active value="true"/></Patient></resource>
          <search><mode value="match"/></search></entry></Bundle>
      """),
    InvariantMatrix(
      "bdl-3",
      #"""
      {"resourceType": "Bundle", "type": "batch", "entry": [
       ⟦⟧{"fullUrl": "\#(one)", "resource": {"resourceType": "Patient", "active": true}}]}
      """#,
      """
      <Bundle \(fhir)><type value="batch"/>
        ⟦⟧<entry><fullUrl value="\(one)"/><resource><Patient><active value="true"/></Patient></resource></entry></Bundle>
      """),
    InvariantMatrix(
      "bdl-4",
      #"""
      {"resourceType": "Bundle", "type": "batch-response", "entry": [
       ⟦⟧{"resource": {"resourceType": "Patient", "active": true}}]}
      """#,
      """
      <Bundle \(fhir)><type value="batch-response"/>
        ⟦⟧<entry><resource><Patient><active value="true"/></Patient></resource></entry></Bundle>
      """),
    InvariantMatrix(
      "bdl-5",
      #"""
      {"resourceType": "Bundle", "type": "collection", "entry": [
       ⟦⟧{"fullUrl": "\#(one)"}]}
      """#,
      """
      <Bundle \(fhir)><type value="collection"/>
        ⟦⟧<entry><fullUrl value="\(one)"/></entry></Bundle>
      """),
    InvariantMatrix(
      "bdl-7",
      #"""
      {"resourceType": "Bundle", "type": "collection", "entry": [
       {"fullUrl": "\#(one)", "resource": {"resourceType": "Patient", "active": true}},
       {⟦⟧"fullUrl": "\#(one)", "resource": {"resourceType": "Patient", "active": true}}]}
      """#,
      """
      <Bundle \(fhir)><type value="collection"/>
        <entry><fullUrl value="\(one)"/><resource><Patient><active value="true"/></Patient></resource></entry>
        <entry>
          ⟦⟧<fullUrl value="\(one)"/><resource><Patient><active value="true"/></Patient></resource></entry></Bundle>
      """),
    InvariantMatrix(
      "bdl-8",
      #"""
      {"resourceType": "Bundle", "type": "collection", "entry": [
       {⟦⟧"fullUrl": "http://example.org/Patient/1/_history/2",
        "resource": {"resourceType": "Patient", "id": "1"}}]}
      """#,
      """
      <Bundle \(fhir)><type value="collection"/><entry>
        ⟦⟧<fullUrl value="http://example.org/Patient/1/_history/2"/>
        <resource><Patient><id value="1"/></Patient></resource></entry></Bundle>
      """),
    InvariantMatrix(
      "bdl-9",
      #"""
      ⟦⟧{"resourceType": "Bundle", "type": "document", "identifier": {"value": "1"},
       "timestamp": "2024-05-01T10:00:00Z", "entry": [{"fullUrl": "\#(one)", \#(composition)}]}
      """#,
      """
      ⟦⟧<Bundle \(fhir)><identifier><value value="1"/></identifier><type value="document"/>
        <timestamp value="2024-05-01T10:00:00Z"/><entry><fullUrl value="\(one)"/>\(compositionXML)</entry></Bundle>
      """),
    InvariantMatrix(
      "bdl-10",
      #"""
      ⟦⟧{"resourceType": "Bundle", "type": "document", \#(identifier),
       "entry": [{"fullUrl": "\#(one)", \#(composition)}]}
      """#,
      """
      ⟦⟧<Bundle \(fhir)>\(identifierXML)<type value="document"/>
        <entry><fullUrl value="\(one)"/>\(compositionXML)</entry></Bundle>
      """),
    InvariantMatrix(
      "bdl-11",
      #"""
      {"resourceType": "Bundle", "type": "document", \#(identifier), "timestamp": "2024-05-01T10:00:00Z",
       "entry": [⟦⟧{"fullUrl": "\#(one)", "resource": {"resourceType": "Patient", "active": true}}]}
      """#,
      """
      <Bundle \(fhir)>\(identifierXML)<type value="document"/><timestamp value="2024-05-01T10:00:00Z"/>
        ⟦⟧<entry><fullUrl value="\(one)"/><resource><Patient><active value="true"/></Patient></resource></entry></Bundle>
      """),
    InvariantMatrix(
      "bdl-12",
      #"""
      {"resourceType": "Bundle", "type": "message",
       "entry": [⟦⟧{"fullUrl": "\#(one)", "resource": {"resourceType": "Patient", "active": true}}]}
      """#,
      """
      <Bundle \(fhir)><type value="message"/>
        ⟦⟧<entry><fullUrl value="\(one)"/><resource><Patient><active value="true"/></Patient></resource></entry></Bundle>
      """),
  ]
}
