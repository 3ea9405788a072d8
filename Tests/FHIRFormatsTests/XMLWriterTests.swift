import FHIRFormats
import FHIRModel
import Testing

/// A resource written as XML, and what was reported.
func writeXML(
  _ tree: ResourceTree, layout: XMLWriter.Layout = .compact
) -> (text: String, issues: [String]) {
  let output = OutputBuffer()
  let issues = XMLWriter(to: output, layout: layout).write(tree)
  return (String(decoding: output.array, as: UTF8.self), summary(issues))
}

/// A tree put together in a test, as the JSON reader or a document may give it.
func makeTree(_ type: String, _ children: [TestNode]) -> ResourceTree {
  let text = TextBuffer()
  let tree = ResourceTree(text: text, origin: .none)
  func add(_ node: TestNode, kind: NodeFlags) {
    let start = text.append(node.value ?? "")
    let name =
      node.name.isEmpty ? NameID.root : DefinitionTable.r4.nameID(node.name) ?? tree.internUnknown(node.name)
    let index = tree.append(
      Node(
        name: name ?? .root, flags: kind, textStart: UInt32(start),
        textLength: UInt32(node.value?.utf8.count ?? 0)))
    for child in node.children { add(child, kind: child.flags) }
    tree.close(index)
  }
  add(TestNode("", type, children: children), kind: NodeFlags(.resource))
  tree.textMoved(to: text)
  return tree
}

struct TestNode {
  var name: String
  var value: String?
  var children: [TestNode]
  var kind: ValueKind?

  init(_ name: String, _ value: String? = nil, kind: ValueKind? = nil, children: [TestNode] = []) {
    self.name = name
    self.value = value
    self.kind = kind
    self.children = children
  }

  var flags: NodeFlags {
    guard let value else { return NodeFlags(kind ?? .none) }
    var flags = NodeFlags(kind ?? .string)
    if flags.kind != .resource { flags.insert(.hasValue) }
    if value.contains("\\") { flags.insert(.escaped) }
    return flags
  }
}

@Suite("Writing XML")
struct XMLWriterTests {
  private let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

  @Test func `elements come in the order of the definition, unknown ones where they stood`() {
    let tree = makeTree(
      "Patient",
      [
        TestNode("gender", "female"), TestNode("zebra", "z"), TestNode("active", "true", kind: .boolean),
        TestNode(
          "name", children: [TestNode("given", "G"), TestNode("family", "F"), TestNode("given", "H")]),
        TestNode("id", "a"),
      ])
    let written = writeXML(tree)
    #expect(
      written.text == head
        + "<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"a\"/><active value=\"true\"/>"
        + "<name><family value=\"F\"/><given value=\"G\"/><given value=\"H\"/></name>"
        + "<gender value=\"female\"/><zebra value=\"z\"/></Patient>\n")
    #expect(written.issues.isEmpty)
  }

  @Test func `id and url are attributes, value is one, extensions are children`() {
    let tree = makeTree(
      "Patient",
      [
        TestNode(
          "birthDate", "1970",
          children: [
            TestNode(
              "extension",
              children: [TestNode("valueCode", "q"), TestNode("url", "http://z"), TestNode("id", "e")]),
            TestNode("id", "b"),
          ])
      ])
    #expect(
      writeXML(tree).text == head
        + "<Patient xmlns=\"http://hl7.org/fhir\"><birthDate id=\"b\" value=\"1970\">"
        + "<extension id=\"e\" url=\"http://z\"><valueCode value=\"q\"/></extension></birthDate></Patient>\n")
  }

  @Test func `contained resources stand in their wrapper, pretty`() {
    let tree = makeTree(
      "Patient", [TestNode("contained", "Organization", kind: .resource, children: [TestNode("id", "o")])])
    #expect(
      writeXML(tree, layout: .pretty).text == head + """
        <Patient xmlns="http://hl7.org/fhir">
          <contained>
            <Organization>
              <id value="o"/>
            </Organization>
          </contained>
        </Patient>

        """)
  }

  @Test func `values survive whatever they hold`() throws {
    let value = "a&b<c>\"d'e\n\t\r é😀  \u{A0}]]>"
    let tree = makeTree("Patient", [TestNode("id", value)])
    let records = try readXML(writeXML(tree).text)
    #expect(records[0].tree.string(at: 1) == value)
  }

  @Test func `JSON escapes are decoded`() {
    let tree = makeTree("Patient", [TestNode("id", "a\\n\\u00e9\\/\\ud83d\\ude00\\\"")])
    #expect(writeXML(tree).text.contains("<id value=\"a&#10;é/😀&quot;\"/>"))
  }

  @Test(arguments: ["a\\u0001b", "a\\ud800b", "a\\uffffb", "a\u{1}b"])
  func `characters that XML forbids are replaced and reported`(value: String) {
    let written = writeXML(makeTree("Patient", [TestNode("id", value)]))
    #expect(written.text.contains("<id value=\"a\u{FFFD}b\"/>"))
    let rule = value.contains("d800") ? "encoding-surrogate" : "xml-character"
    #expect(written.issues == ["error \(rule) Patient.id -"])
  }

  @Test func `a narrative is written as markup`() {
    let tree = makeTree(
      "Patient",
      [
        TestNode(
          "text",
          children: [
            TestNode("div", "<div xmlns=\\\"http://www.w3.org/1999/xhtml\\\"><p>a &amp; b</p>\\n</div>"),
            TestNode("status", "generated"),
          ])
      ])
    let written = writeXML(tree, layout: .pretty)
    #expect(
      written.text.contains("    <div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a &amp; b</p>\n</div>\n"))
    #expect(written.issues.isEmpty)
  }

  @Test(arguments: [
    "<div xmlns='http://www.w3.org/1999/xhtml'><p>a</div>", "no markup", "<div>&nbsp;</div>", "", "<p/>",
    "<div/><div/>", "<!DOCTYPE div [<!ENTITY a 'b'>]><div>&a;</div>", "<?xml version='1.0'?><div/>",
    "<div/><!-- c -->",
  ])
  func `a narrative that is no markup is a value, reported, and reads back as it was`(text: String) throws {
    let tree = makeTree("Patient", [TestNode("text", children: [TestNode("div", text)])])
    let written = writeXML(tree)
    #expect(written.issues == ["error xml-syntax Patient.text.div -"])
    let record = try readXML(written.text)[0]
    #expect(outline(record.tree) == "(Patient)\n  text\n    div=\(text)")
    #expect(summary(record.issues).allSatisfy { $0.hasPrefix("error xml-namespace Patient.text.div") })
  }

  @Test(arguments: [
    (#""active":"true""#, "Patient.active"), (#""active":1"#, "Patient.active"),
    (#""multipleBirthInteger":"2""#, "Patient.multipleBirth.ofType(integer)"),
    (#""birthDate":1970"#, "Patient.birthDate"), (#""foo":true"#, "Patient.foo"), (#""id":5"#, "Patient.id"),
    (#""name":[{"family":5,"given":["5"]}]"#, "Patient.name[0].family"),
  ])
  func `a JSON value of a kind that XML cannot tell is reported`(members: String, place: String) throws {
    let record = try readOne(#"{"resourceType":"Patient",\#(members)}"#)
    let issues = writeXML(record.tree).issues
    #expect(issues.count == 1 && issues[0].hasPrefix("error value-kind \(place) "), "\(issues)")
  }

  @Test func `what XML cannot write is reported and left out`() {
    let tree = makeTree(
      "Patient",
      [
        TestNode("name", kind: .emptyArray), TestNode("not a name", "x"), TestNode("active", kind: .null),
        TestNode("{http://other}thing", "x", children: [TestNode("id", "1")]),
      ])
    let written = writeXML(tree)
    #expect(
      written.text == head
        + "<Patient xmlns=\"http://hl7.org/fhir\"><active/>"
        + "<thing xmlns=\"http://other\" value=\"x\"><id xmlns=\"http://hl7.org/fhir\" value=\"1\"/></thing></Patient>\n"
    )
    #expect(
      written.issues == [
        "error null-value Patient.active -",
        "error array-empty Patient.name[0] -", "error unknown-element Patient.not a name -",
      ])
  }

  @Test func `an attribute that stands twice is an element the second time, and reported`() {
    let tree = makeTree(
      "Patient",
      [TestNode("extension", children: [TestNode("url", "a"), TestNode("url", "b"), TestNode("id")])])
    let written = writeXML(tree)
    #expect(written.text.contains("<extension url=\"a\"><id/><url value=\"b\"/></extension>"))
    #expect(written.issues == ["error cardinality-max Patient.extension[0].url[1] -"])
  }

  @Test func `a resource below the root is a document of its own`() {
    let output = OutputBuffer()
    let tree = makeTree(
      "Bundle",
      [
        TestNode(
          "entry",
          children: [TestNode("resource", "Patient", kind: .resource, children: [TestNode("id", "1")])])
      ])
    #expect(XMLWriter(to: output).write(tree, at: 2).isEmpty)
    #expect(
      String(decoding: output.array, as: UTF8.self) == head
        + "<Patient xmlns=\"http://hl7.org/fhir\"><id value=\"1\"/></Patient>\n")
    #expect(summary(XMLWriter(to: output).write(tree, at: 1)) == ["error resource-type Bundle.entry[0] -"])
  }

  @Test func `a Bundle is written entry by entry, its members around them`() throws {
    let document = fhir(
      "Bundle",
      "<type value=\"batch\"/><entry><fullUrl value=\"urn:1\"/><resource><Patient><id value=\"1\"/></Patient></resource>"
        + "</entry><signature><who><display value=\"w\"/></who></signature>")
    let records = try readXML(document)
    let output = OutputBuffer()
    let writer = BundleXMLWriter(to: output)
    var issues = writer.begin(records[1].tree)
    issues += writer.add(records[0].tree)
    issues += writer.add(makeTree("Patient", [TestNode("id", "2")]), fullURL: "urn:2&3")
    issues += writer.end()
    #expect(issues.isEmpty)
    let second =
      "<entry><fullUrl value=\"urn:2&amp;3\"/><resource><Patient><id value=\"2\"/></Patient></resource></entry>"
    let expected = head + document.replacing("<signature>", with: second + "<signature>") + "\n"
    #expect(String(decoding: output.array, as: UTF8.self) == expected)
  }

  @Test func `what the reader would refuse for its size is written, and reported`() throws {
    var limits = ReadOptions()
    limits.maximumResourceBytes = 4000
    func written(_ children: [TestNode], _ type: String = "Patient") -> (text: String, issues: [String]) {
      let output = OutputBuffer()
      let issues = XMLWriter(to: output, reading: limits).write(makeTree(type, children))
      return (String(decoding: output.array, as: UTF8.self), summary(issues))
    }
    func isReadable(_ text: String) throws -> Bool {
      try readXML(text, step: 64, options: limits).allSatisfy { $0.issues.isEmpty }
    }
    // Quotes take six times the room that they take in a tree.
    for (count, isToBeTold) in [(300, false), (325, false), (400, true), (600, true)] {
      let (text, issues) = written([TestNode("language", String(repeating: "\"", count: count))])
      #expect(issues == (isToBeTold ? ["error limit-size Patient.language -"] : []))
      #expect(try isReadable(text) == !isToBeTold, "\(count)")
    }
    // Many small values.
    for (count, isToBeTold) in [(10, false), (60, true)] {
      let names = (0..<count).map { _ in
        TestNode("name", children: [TestNode("family", String(repeating: "x", count: 100))])
      }
      let (text, issues) = written(names)
      #expect(issues == (isToBeTold ? ["error limit-size Patient -"] : []))
      #expect(try isReadable(text) == !isToBeTold, "\(count)")
    }
  }
}
