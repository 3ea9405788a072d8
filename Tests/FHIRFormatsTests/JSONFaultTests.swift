import FHIRFormats
import FHIRModel
import Testing

/// Bad JSON: what is reported, where, and what is read all the same.
@Suite struct JSONFaultTests {
  @Test(arguments: [
    ("{\"resourceType\":\"Basic\"", "1:24"), ("{\"a\":1,}", "1:8"), ("{\"a\" 1}", "1:6"), ("{\"a\":}", "1:6"),
    ("{\"a\":1 \"b\":2}", "1:8"), ("{a:1}", "1:2"), ("{\"a\":[1 2]}", "1:9"), ("{\"a\":[1,]}", "1:9"),
    ("{\"a\":01}", "1:7"), ("{\"a\":-}", "1:7"), ("{\"a\":1.}", "1:8"), ("{\"a\":1e}", "1:8"),
    ("{\"a\":+1}", "1:6"),
    ("{\"a\":.5}", "1:6"), ("{\"a\":tru}", "1:9"), ("{\"a\":True}", "1:6"), ("{\"a\":nul1}", "1:9"),
    ("{\"a\":NaN}", "1:6"), ("{\"a\":\"x\ny\"}", "1:8"), ("{\"a\":\"\\x\"}", "1:8"),
    ("{\"a\":\"\\u12G4\"}", "1:11"),
    ("{\"a\":'x'}", "1:6"), ("{\n  \"a\": [\n    {\"b\": 1]\n}", "3:12"), ("{\"a\":1}]", "1:8"),
    ("{\"a\":1} {}", "1:9"),
    ("{\"a\":1}\n,", "2:1"), ("{\"a\":/**/1}", "1:6"), ("{\"a\":0x1}", "1:7"), ("{\"a\":1\u{0}}", "1:7"),
  ])
  func `what is no JSON is refused where it stops to be`(text: String, place: String) throws {
    let records = try read(text)
    let last = try #require(records.last)
    #expect(last.content == .unreadable)
    let issue = try #require(last.issues.last)
    #expect(issue.severity == .fatal && issue.rule == .jsonSyntax)
    #expect(issue.position.map { "\($0.line):\($0.column)" } == place, "\(issue.message)")
  }

  @Test(arguments: [
    ("{\"a\":1,}", "a comma stands before the end of the object"),
    ("{\"a\":[1,]}", "a comma stands before the end of the array"),
    ("{\"a\":[1],\n// b\n\"c\":1}", "no comments"), ("{\"a\": /* b */ 1}", "no comments"),
    ("/* a */ {\"b\":1}", "no comments"), ("{\"a\":'b'}", "not in single ones"),
    ("{\"a\":NaN}", "no NaN"), ("{\"a\":[-Infinity]}", "no Infinity"), ("{\"a\":Infinity}", "no Infinity"),
    ("{\"a\":.5}", "before the decimal point"), ("{\"a\":+1}", "must not begin with +"),
    ("{\"a\":True}", "in small letters"), ("{\"a\":False}", "in small letters"),
    ("{'a':1}", "not in single ones"), ("{\"a\":[]]}", "a comma or the end of the object"),
    ("{\"resourceType\":\"Bundle\",\"type\":\"batch\",}", "a comma stands before the end of the object"),
    ("{\u{FEFF}\"a\":1}", "a byte order mark stands here"),
    ("{\"a\":\u{FEFF}1}", "a byte order mark stands here"),
    ("{\"a\":1}\n{\"a\":2}\n\0\0\0", "a zero byte stands here"), ("\u{1E}{\"a\":1}", "a record separator"),
    ("{\u{A0}\"a\":1}", "a no-break space (U+00A0)"), ("{\"a\":\u{A0}1}", "a no-break space (U+00A0)"),
    ("{\u{201C}a\u{201D}:1}", "a typographic quotation mark"), ("{\"a\":\u{2018}b\u{2019}}", "a typographic"),
    ("{\"a\":1}\n{\"a\":2},\n", "a comma follows the JSON value"),
    ("{\"a\":1}\n{\"resourceType\":\"Bundle\",\"type\":\"batch\"},\n", "a comma follows the JSON value"),
  ])
  func `the usual slips are called by their names`(text: String, words: String) throws {
    let issue = try #require(try read(text).last?.issues.last)
    #expect(issue.message.contains(words), "\(issue.message)")
  }

  @Test(arguments: [
    ("[1,2]", "an array"), ("\"x\"", "a string"), ("7", "a number"), ("null", "null"), ("[]", "an array"),
  ])
  func `a root that is no object is no FHIR`(text: String, word: String) throws {
    let record = try readOne(text)
    #expect(record.content == .unreadable)
    #expect(record.issues.map(\.rule) == [.notFHIR])
    #expect(record.issues[0].message.contains("this is \(word)"))
  }

  @Test(arguments: ["", "  \n\t ", "\u{FEFF}"])
  func `nothing is reported as nothing`(text: String) throws {
    let record = try readOne(text)
    #expect(record.content == .unreadable)
    #expect(record.issues.map(\.rule) == [.empty])
  }

  // Unicode's table 3-7: the sequences that are no UTF-8.
  @Test(
    arguments: [
      [0x80], [0xBF], [0xC0, 0xAF], [0xC1, 0x81], [0xC3], [0xC3, 0x28], [0xE0, 0x80, 0x80],
      [0xE0, 0x9F, 0xBF],
      [0xE2, 0x82], [0xE2, 0x28, 0xA1], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
      [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80],
      [0xFE], [0xFF],
    ] as [[UInt8]])
  func `bytes that are no UTF-8 make a resource unreadable`(bytes: [UInt8]) throws {
    let text = Array(#"{"resourceType":"Basic","id":"ab"#.utf8) + bytes + Array(#"cd","x":1}"#.utf8)
    let records = try read(text)
    try #require(records.count == 1)
    #expect(records[0].content == .unreadable)
    #expect(records[0].issues.allSatisfy { $0.rule == .encodingUTF8 && $0.severity == .fatal })
    #expect(records[0].issues.first?.expression == "Basic.id")
    #expect(records[0].issues.first?.position == SourcePosition(line: 1, column: 33))
  }

  @Test(arguments: [
    "é", "\u{7FF}", "\u{800}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}", "\u{D7FF}", "\u{E000}", "\u{FEFF}",
  ])
  func `all of UTF-8 is read`(text: String) throws {
    let record = try readOne("{\"resourceType\":\"Basic\",\"id\":\"\(text)\",\"é\(text)\":1}")
    #expect(record.issues.isEmpty)
    #expect(record.tree.string(at: 1) == text)
  }

  @Test func `an entry with bad bytes does not spoil its neighbours`() throws {
    let text =
      Array(#"{"resourceType":"Bundle","entry":[{"fullUrl":"1"},{"fullUrl":""#.utf8) + [0xFF]
      + Array("\"},{\"fullUrl\":\"a\tb\"},{\"fullUrl\":\"3\"}]}".utf8)
    let records = try read(text)
    #expect(
      records.map { word($0.content) } == ["entry 0", "unreadable", "unreadable", "entry 3", "bundle of 4"])
    #expect(records[1].issues.map(\.expression) == ["Bundle.entry[1].fullUrl"])
    #expect(records[2].issues.map(\.rule) == [.jsonSyntax])
  }

  @Test(arguments: [
    #"\ud83d"#, #"\ude00"#, #"\ud83dx"#, #"\ud83d\u0041"#, #"\ud83d\ud83d\ude00"#, #"\ude00\ud83d"#,
  ])
  func `half a surrogate pair is reported and kept as it is written`(escape: String) throws {
    let text = "{\"resourceType\":\"Basic\",\"id\":\"a\(escape)b\"}"
    let record = try readOne(text)
    #expect(record.content == .resource)
    #expect(record.issues.allSatisfy { $0.rule == .encodingSurrogate && $0.severity == .error })
    #expect(
      record.issues.first?.position
        == SourcePosition(line: 1, column: 32))
    #expect(json(record.tree) == text)
  }

  @Test func `a surrogate pair is a character`() throws {
    let record = try readOne(#"{"resourceType":"Basic","id":"\ud83d\ude00"}"#)
    #expect(record.issues.isEmpty)
    #expect(record.tree.string(at: 1) == "😀")
  }

  @Test func `a name that stands twice is reported, and both values are kept`() throws {
    let text =
      #"{"resourceType":"Patient","active":true,"name":[{"text":"a"}],"active":false,"name":[{"text":"b"},{"text":"c"}]}"#
    let record = try readOne(text)
    #expect(record.content == .resource)
    #expect(
      summary(record.issues) == [
        "error json-duplicate-key Patient.active[1] 1:63", "error json-duplicate-key Patient.name[1] 1:78",
      ])
    #expect(json(record.tree) == text)
  }

  @Test func `repeated names are found in objects of any size`() throws {
    for count in [1, 30, 41, 63, 64, 65, 200, 3000] {
      let members = (0..<count).map { "\"n\($0)\":{\"a\":1,\"b\":2}" }
      let clean = try readOne("{\(members.joined(separator: ","))}")
      #expect(clean.issues.isEmpty)
      for repeated in [0, count / 2, count - 1] {
        let record = try readOne("{\((members + [members[repeated]]).joined(separator: ","))}")
        #expect(record.issues.map(\.rule) == [.jsonDuplicateKey], "\(count)")
      }
    }
  }

  @Test func `a hundred thousand names do not take for ever`() throws {
    let members = (0..<30_000).map { "\"n\($0)\":\($0)" }
    let clock = ContinuousClock()
    let time = try clock.measure { _ = try read("{\(members.joined(separator: ","))}") }
    // What grows with the square of it would take hours.
    #expect(time < .seconds(60))
    // More names than a tree can tell apart: refused, not lost.
    let many = (0..<40_000).map { "\"n\($0)\":\($0)" }
    let record = try readOne("{\(many.joined(separator: ","))}")
    #expect(record.content == .unreadable)
    #expect(record.issues.map(\.rule) == [.limitSize])
  }

  @Test(arguments: ["[", "{\"a\":"])
  func `ten thousand levels are refused`(opening: String) throws {
    let closing = opening == "[" ? "]" : "}"
    let deep = String(repeating: opening, count: 10_000) + "1" + String(repeating: closing, count: 10_000)
    let records = try read("{\"resourceType\":\"Bundle\",\"entry\":[{\"x\":\(deep)},{\"fullUrl\":\"y\"}]}")
    #expect(records.map { word($0.content) } == ["unreadable", "entry 1", "bundle of 2"])
    #expect(records[0].issues.map(\.rule) == [.limitDepth])
    #expect(try readOne(String(repeating: opening, count: 10_000)).content == .unreadable)
  }

  @Test func `depth is counted exactly`() throws {
    var options = ReadOptions()
    options.maximumDepth = 4
    #expect(try readOne(#"{"a":[{"b":[1]}]}"#, options: options).content == .resource)
    let record = try readOne(#"{"a":[{"b":[[]]}],"c":1}"#, options: options)
    #expect(record.content == .unreadable)
    #expect(summary(record.issues).first?.hasPrefix("fatal limit-depth") == true)
  }

  @Test func `no message holds a value`() throws {
    for text in [
      #"{"resourceType":"Patient","name":"Smith" "x"}"#, #"{"birthDate":Smith}"#, #"{"a":"Smith\q"}"#,
    ] {
      for record in try read(text) {
        for issue in record.issues { #expect(!issue.message.contains("Smith")) }
      }
    }
  }
}
