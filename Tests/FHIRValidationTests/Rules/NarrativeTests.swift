import FHIRModel
import FHIRValidation
import Testing

@Suite struct `Narrative` {
  private func json(_ inside: String) -> String {
    let escaped = inside.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
      "\n", with: "\\n"
    )
    .replacing("\t", with: "\\t")
    return #"""
      {"resourceType": "Patient", "text": {"status": "generated",
       "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\">\#(escaped)</div>"}}
      """#
  }

  private func xml(_ inside: String) -> String {
    """
    <Patient xmlns="http://hl7.org/fhir"><text><status value="generated"/>
      <div xmlns="http://www.w3.org/1999/xhtml">\(inside)</div></text></Patient>
    """
  }

  @Test(arguments: [
    "plain text", "<p>a<br/>b</p>", "<table border=\"1\"><tr><td colspan=\"2\">x</td></tr></table>",
    "<img src=\"data:image/png;base64,AAAA\" alt=\"\"/>", "<a name=\"x\">y</a> <a href=\"#x\">z</a>",
    "<a href=\"mailto:a@example.org?subject=x\">y</a>",
    "<p xml:lang=\"de\" style=\"color: red\">ü &amp; &#252; &lt;</p>",
    "<!-- a comment --><p>x</p>", "<![CDATA[x < y]]>", "<a href=\"Patient/1?a=b&amp;c=d\">x</a>",
    "<p id='a'>\n x\n</p><h6>x</h6><hr/><dl><dt>a</dt><dd>b</dd></dl>",
  ])
  func `what it may hold, in both formats`(inside: String) throws {
    try expectMarked(json(inside))
    try expectMarked(xml(inside))
  }

  @Test(arguments: [
    ("⟦txt-1⟧<script>alert(1)</script>", "<script>"),
    ("x⟦txt-1⟧<iframe src=\"http://example.org\"/>", "<iframe>"),
    ("⟦txt-1⟧<form><p>x</p></form>", "<form>"), ("⟦txt-1⟧<P>x</P>", "<P>"),
    ("⟦txt-1⟧<font>x</font>", "<font>"),
    ("<p ⟦txt-1⟧onclick=\"x()\">x</p>", "onclick"), ("<p ⟦txt-1⟧href=\"x\">x</p>", "href"),
    ("<a ⟦narrative-link⟧href=\"javascript:x()\">x</a>", "code"),
    ("<a ⟦narrative-link⟧href=\" java\tscript:x()\">x</a>", "code"),
    ("<a ⟦narrative-link⟧href=\"data:text/html,x\">x</a>", "code"),
    ("<a ⟦narrative-link⟧href=\"urn:uuid:x\">x</a>", "urn"),
    ("<a ⟦narrative-link⟧href=\"#none\">x</a>", "not there"),
    ("<a ⟦narrative-link⟧href=\"http://example.org/{x}\">x</a>", "characters"),
    ("<p ⟦narrative-link⟧style=\"width: expression(x())\">x</p>", "style"),
  ])
  func `what it may not hold, in both formats`(inside: String, word: String) throws {
    let issues = try expectMarked(xml(inside))
    #expect(issues.allSatisfy { $0.expression == "Patient.text.div" && $0.message.contains(word) })
    // Marks move with the escapes around them.
    let found = try findings(MarkedSource(json(inside)).text)
    #expect(found.map(\.rule.code) == issues.map(\.rule.code))
    #expect(Set(found.map(\.position)) == Set(MarkedSource(json(inside)).expected.map(\.position)))
  }

  @Test func `nothing in it is of another namespace`() throws {
    let found = try findings(
      json(#"<p xmlns="http://example.org/other">x</p><b xmlns="http://www.w3.org/1999/xhtml">y</b>"#))
    #expect(found.map(\.rule.code) == ["txt-1"])
  }

  @Test(arguments: ["", " \n ", "<p></p>", "<p> <!-- x --> </p>", "<br/>", "&#32;"])
  func `nothing to read`(inside: String) throws {
    for text in [json(inside), xml(inside)] {
      let issues = try findings(text)
      #expect(issues.map(\.rule.code) == ["txt-2"])
    }
  }

  @Test(arguments: [
    "<p>x⟦narrative-syntax⟧</pa>", "<p>x⟦narrative-syntax⟧", "x ⟦narrative-syntax⟧&nbsp; y",
    "x ⟦narrative-syntax⟧& y",
    "<p ⟦narrative-syntax⟧a>x</p>", "<p ⟦narrative-syntax⟧a=b>x</p>",
    "<p a='1' ⟦narrative-syntax⟧a='2'>x</p>",
    "x ⟦narrative-syntax⟧< y", "⟦narrative-syntax⟧<!DOCTYPE x>", "⟦narrative-syntax⟧&#0;",
    "⟦narrative-syntax⟧<!-- x",
    "x</div>⟦narrative-syntax⟧<p>y</p>", "ü \n <p ⟦narrative-syntax⟧x",
  ])
  func `markup in JSON that is not well-formed, at its place`(inside: String) throws {
    let found = try findings(MarkedSource(json(inside)).text).filter { $0.rule.code == "narrative-syntax" }
    #expect(found.map(\.position) == MarkedSource(json(inside)).expected.map(\.position))
  }

  @Test func `a fault that is everywhere is told once`() throws {
    let issues = try findings(json(String(repeating: "<u>x</u>", count: 5000)))
    #expect(issues.map(\.rule.code) == ["txt-1"])
  }

  @Test func `markup without an end to its depth`() throws {
    let deep = String(repeating: "<p>", count: 50_000) + "x"
    #expect(try findings(json(deep)).map(\.rule.code) == ["narrative-syntax"])
  }

  @Test func `links between the narratives of one resource, and to what it contains`() throws {
    try expectMarked(
      #"""
      {"resourceType": "Composition", "status": "final", "type": {"text": "x"}, "date": "2024", "title": "x",
       "author": [{"reference": "#c"}], "contained": [{"resourceType": "Practitioner", "id": "c"}],
       "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"#s\">x</a><a href=\"#c\">y</a></div>"},
       "section": [{"text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p id=\"s\">x</p></div>"}}]}
      """#)
  }
}
