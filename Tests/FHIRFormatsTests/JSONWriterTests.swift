import FHIRFormats
import FHIRModel
import Testing

@Suite struct JSONWriterTests {
  private func fromXML(_ type: String, _ content: String) throws -> ResourceTree {
    try #require(try readXML(fhir(type, content)).first).tree
  }

  @Test func `a tree from XML is typed by its definitions`() throws {
    let tree = try fromXML(
      "Patient",
      #"<active value="true"/><name><family value="A &amp; &quot;B&quot;"/><given value="C"/></name><birthDate value="2000"/><multipleBirthInteger value="2"/>"#
    )
    #expect(
      json(tree)
        == #"{"resourceType":"Patient","active":true,"name":[{"family":"A & \"B\"","given":["C"]}],"birthDate":"2000","multipleBirthInteger":2}"#
    )
  }

  @Test func `decimals keep their digits, and what is no number becomes a string`() throws {
    for (text, written) in [
      ("1.00", "1.00"), ("-0.5e3", "-0.5e3"), ("abc", "\"abc\""), ("01", "\"01\""), ("+1", "\"+1\""),
      ("", "\"\""),
    ] {
      let tree = try fromXML("Observation", "<valueQuantity><value value=\"\(text)\"/></valueQuantity>")
      #expect(json(tree).contains("\"value\":\(written)"))
    }
    #expect(json(try fromXML("Patient", #"<active value="yes"/>"#)).contains(#""active":"yes""#))
  }

  @Test func `extensions of primitives from XML become companions`() throws {
    let tree = try fromXML(
      "Patient",
      #"<name><given value="A"/><given id="x"><extension url="u"><valueCode value="v"/></extension></given></name><birthDate id="b" value="2000"/>"#
    )
    #expect(
      json(tree)
        == #"{"resourceType":"Patient","name":[{"given":["A",null],"_given":[null,{"id":"x","extension":[{"url":"u","valueCode":"v"}]}]}],"birthDate":"2000","_birthDate":{"id":"b"}}"#
    )
  }

  @Test func `a narrative from XML is a string`() throws {
    let tree = try fromXML(
      "Basic",
      #"<text><status value="empty"/><div xmlns="http://www.w3.org/1999/xhtml">a<br/>"b"</div></text>"#)
    #expect(json(tree).contains(#""div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">a<br/>\"b\"</div>""#))
  }

  @Test func `unknown elements of XML are kept: one is a value, several are an array`() throws {
    let tree = try fromXML(
      "Basic", #"<zzz value="1"/><yyy value="2"/><yyy value="3"/><xxx><www value="4"/></xxx>"#)
    #expect(json(tree) == #"{"resourceType":"Basic","zzz":"1","yyy":["2","3"],"xxx":{"www":"4"}}"#)
  }

  @Test func `plain text is escaped as little as JSON allows`() {
    let buffer = TextBuffer()
    let text = "\"\\/\u{1}\u{1F}\u{7F}\u{8}\u{C}\n\r\té\u{2028}😀" + String(repeating: "x", count: 40) + "\""
    let tree = ResourceTree(text: buffer, origin: .none)
    let start = buffer.append(text)
    tree.textMoved(to: buffer)
    tree.close(
      tree.append(
        Node(
          name: .root, flags: [NodeFlags(.string), .hasValue], textStart: UInt32(start),
          textLength: UInt32(text.utf8.count))))
    let expected =
      #""\"\\/\u0001\u001f"# + "\u{7F}" + #"\b\f\n\r\t"# + "é\u{2028}😀" + String(repeating: "x", count: 40)
      + #"\"""#
    #expect(json(tree) == expected)
    #expect(JSONSyntax.check(Array(expected.utf8)).isEmpty)
  }

  @Test func `a number that JSON cannot say becomes a string`() {
    let buffer = TextBuffer()
    let start = buffer.append("NaN")
    let tree = ResourceTree(text: buffer, origin: .none)
    tree.close(
      tree.append(
        Node(name: .root, flags: [NodeFlags(.number), .hasValue], textStart: UInt32(start), textLength: 3)))
    #expect(json(tree) == "\"NaN\"")
  }

  @Test func `pretty is one member a line`() throws {
    let tree = try readOne(#"{"resourceType":"Basic","a":[1,{"b":[]}],"c":{},"_d":{"id":"1"}}"#).tree
    #expect(
      json(tree, layout: .pretty) == """
        {
          "resourceType": "Basic",
          "a": [
            1,
            {
              "b": []
            }
          ],
          "c": {},
          "_d": {
            "id": "1"
          }
        }
        """)
  }

  @Test func `faults are written as they were read`() throws {
    for text in [
      #"{"resourceType":"Patient","name":{"family":"no array"},"active":[true],"birthDate":{"a":1},"gender":null}"#,
      #"{"resourceType":"Patient","a":1,"a":[2,3],"a":[],"b":[null],"c":[[],[[null]]],"d":""}"#,
      #"{"resourceType":"Patient","a":[1,{"b":2},"c",[true]],"resourceType":"Basic"}"#,
      #"{"a":"\/\u00e9\ud800"}"#,
    ] { #expect(json(try readOne(text).tree) == text) }
  }

  @Test(arguments: [JSONWriter.Layout.compact, .pretty])
  func `a Bundle is written entry by entry`(layout: JSONWriter.Layout) throws {
    let text =
      #"{"resourceType":"Bundle","id":"b","type":"batch","entry":[{"fullUrl":"u1"},{"resource":{"resourceType":"Basic","id":"1"}}]}"#
    let records = try read(text)
    for shellFirst in [true, false] {
      let output = OutputBuffer()
      let writer = BundleJSONWriter(to: output, layout: layout)
      writer.begin(shellFirst ? records[2].tree : nil)
      for record in records.dropLast() { writer.add(record.tree) }
      writer.end(shellFirst ? nil : records[2].tree)
      let again = try read(output.array)
      #expect(again.map { word($0.content) } == ["entry 0", "entry 1", "bundle of 2"])
      for (a, b) in zip(records, again) { #expect(TreeComparison().difference(a.tree, b.tree) == nil) }
      if layout == .compact && shellFirst {
        #expect(String(decoding: output.array, as: UTF8.self) == text + "\n")
      }
    }
  }

  @Test func `a Bundle of resources gets entries around them`() throws {
    let output = OutputBuffer()
    let writer = BundleJSONWriter(to: output)
    writer.begin(nil)
    writer.add(try readOne(#"{"resourceType":"Basic"}"#).tree, fullURL: "urn:\"1\"")
    writer.end()
    #expect(
      String(decoding: output.array, as: UTF8.self)
        == #"{"resourceType":"Bundle","entry":[{"fullUrl":"urn:\"1\"","resource":{"resourceType":"Basic"}}]}"#
        + "\n")
    let empty = OutputBuffer()
    BundleJSONWriter(to: empty).begin(nil)
    #expect(String(decoding: empty.array, as: UTF8.self) == #"{"resourceType":"Bundle""#)
  }

  @Test func `a buffer hands its bytes on when it is full`() throws {
    var taken: [UInt8] = []
    let output = OutputBuffer(threshold: 10) { taken += $0 }
    output.append("123456789")
    try output.flushIfFull()
    #expect(taken.isEmpty)
    output.append("0")
    try output.flushIfFull()
    #expect(String(decoding: taken, as: UTF8.self) == "1234567890")
    output.append("x")
    try output.flush()
    #expect(taken.count == 11 && output.flushed == 11 && output.count == 0)
  }
}
