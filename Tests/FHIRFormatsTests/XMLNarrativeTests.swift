import FHIRFormats
import FHIRModel
import Testing

@Suite("Narratives in XML")
struct XMLNarrativeTests {
  private func narrative(_ document: String) throws -> (text: String, issues: [String]) {
    let record = try readXML(document)[0]
    let tree = record.tree
    let text = try #require(DefinitionTable.r4.nameID("text").flatMap { tree.child($0, of: 0) })
    let div = try #require(DefinitionTable.r4.nameID("div").flatMap { tree.child($0, of: text) })
    #expect(tree.nodes[div].flags.contains(.xhtml))
    return (tree.string(at: div), summary(record.issues))
  }

  @Test(arguments: [nil, 1, 7])
  func `markup is kept as it was written`(step: Int?) throws {
    let markup = """
      <div xmlns="http://www.w3.org/1999/xhtml" lang='en' xml:lang="en"><!-- c --><p  class = "x" >a &amp; b&#160;<br/>
      <b></b><![CDATA[x < y]]></p></div>
      """
    let record = try readXML(
      fhir("Patient", "<text><status value=\"generated\"/>\(markup)</text>"), step: step)[0]
    #expect(outline(record.tree) == "(Patient)\n  text\n    status=generated\n    div=\(markup)")
    #expect(record.issues.isEmpty)
  }

  @Test func `prefixes of the document are resolved`() throws {
    let found = try narrative(
      """
      <f:Patient xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><f:text>\
      <h:div h:x="0" title="&lt;&#10;"><h:p>a &lt; b</h:p><h:br/><!-- c --></h:div></f:text></f:Patient>
      """)
    #expect(
      found.text == """
        <div xmlns="http://www.w3.org/1999/xhtml" xmlns:h="http://www.w3.org/1999/xhtml" h:x="0" \
        title="&lt;&#10;"><p>a &lt; b</p><br/><!-- c --></div>
        """)
    #expect(found.issues.isEmpty)
  }

  @Test func `a namespace that an ancestor declares is added`() throws {
    let found = try narrative(
      """
      <f:Patient xmlns:f="http://hl7.org/fhir" xmlns="http://www.w3.org/1999/xhtml"><f:text><div class="a"><p/></div>\
      </f:text></f:Patient>
      """)
    #expect(found.text == "<div xmlns=\"http://www.w3.org/1999/xhtml\" class=\"a\"><p/></div>")
  }

  @Test func `a forgotten namespace is mended and reported`() throws {
    let found = try narrative(fhir("Patient", "<text><div><p>a</p></div></text>"))
    #expect(found.text == "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a</p></div>")
    #expect(found.issues == ["error xml-namespace Patient.text.div 1:44"])
  }

  @Test func `a foreign namespace inside is kept and reported`() throws {
    let found = try narrative(
      fhir(
        "Patient",
        "<text><div xmlns=\"http://www.w3.org/1999/xhtml\"><svg xmlns=\"http://s\"><p/></svg></div></text>"))
    #expect(
      found.text == "<div xmlns=\"http://www.w3.org/1999/xhtml\"><svg xmlns=\"http://s\"><p/></svg></div>")
    #expect(found.issues == ["error xml-namespace Patient.text.div 1:44"])
  }

  @Test(arguments: [
    ("<a b='1' c=\"2\"/>", "<a c='2' b='1'></a>", true),
    ("<a b='&quot;&#65;'>&lt;&#xe9;<![CDATA[&]]></a>", "<a b='\"A'>&lt;é&amp;</a>", true),
    ("<x:a xmlns:x='u' x:b='1'/>", "<y:a xmlns:y='u' y:b='1'/>", true),
    ("<a>b</a>", "<a>b </a>", false), ("<a b='1'/>", "<a b='2'/>", false), ("<a xmlns='u'/>", "<a/>", false),
    ("<a><b/></a>", "<a/>", false), ("<a>", "<a>", true), ("<a>", "<a >", false), ("<a/>", "<a", false),
  ])
  func `comparison sees the XML, not its spelling`(a: String, b: String, equal: Bool) {
    #expect(areSameMarkup(a, b) == equal)
    #expect(areSameMarkup(b, a) == equal)
  }

  @Test(arguments: [
    ("<a>\n <b>c  d</b>\n</a>", "<a><b>c d</b></a>", true), ("<a>b c</a>", "<a>bc</a>", false),
    ("<a b='c\n\n d'/>", "<a b='c d'/>", true), ("<a><!-- b --></a>", "<a><!--b--></a>", true),
    ("<a b='c d'/>", "<a b='cd'/>", false), ("<a>b &lt;</a>", "<a>b\n&lt;</a>", true),
  ])
  func `comparison can pass over white space`(a: String, b: String, equal: Bool) {
    #expect(areSameMarkup(a, b, whitespace: .collapsed) == equal)
    #expect(!areSameMarkup(a, b))
  }
}
