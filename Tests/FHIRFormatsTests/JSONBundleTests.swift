import FHIRFormats
import FHIRModel
import Testing

/// Bundles read entry by entry.
@Suite struct JSONBundleTests {
  private let text = """
    {
      "resourceType": "Bundle",
      "id": "b",
      "entry": [
        {"fullUrl": "urn:1", "resource": {"resourceType": "Patient", "id": "1"}},
        {"fullUrl": "urn:é", "resource": {"resourceType": "Basic", "id": "2", "_id": {"id": "x"}}}
      ],
      "type": "collection",
      "total": 1.0
    }
    """

  @Test func `entries come first, the Bundle's own members last`() throws {
    let records = try read(text)
    #expect(records.map { word($0.content) } == ["entry 0", "entry 1", "bundle of 2"])
    #expect(records.map(\.tree.rootExpression) == ["Bundle.entry[0]", "Bundle.entry[1]", ""])
    #expect(records.allSatisfy { $0.issues.isEmpty })
    #expect(outline(records[0].tree) == "entry\n  fullUrl=urn:1\n  resource(Patient)\n    id=1")
    #expect(
      outline(records[2].tree)
        == "(Bundle)\n  id=b\n  type=collection\n  total=1.0")
  }

  @Test func `positions are those in the source, of entries and of other members`() throws {
    let records = try read(text)
    func place(_ record: Record, _ node: Int) -> SourcePosition? { record.tree.position(of: node) }
    #expect(place(records[1], 0) == SourcePosition(line: 6, column: 5))
    #expect(place(records[1], 2) == SourcePosition(line: 6, column: 26))
    #expect(place(records[2], 0) == SourcePosition(line: 1, column: 1))
    #expect(place(records[2], 1) == SourcePosition(line: 3, column: 3))
    #expect(place(records[2], 2) == SourcePosition(line: 8, column: 3))
    #expect(place(records[2], 3) == SourcePosition(line: 9, column: 3))
  }

  @Test(arguments: [1, 2, 3, 5, 16, 31])
  func `chunks and reads of any size give the same`(step: Int) throws {
    let whole = try read(text)
    for size in [16, 17, 23, 64, 1000] {
      var options = ReadOptions()
      options.chunkBytes = size
      expectSame(whole, try read(text, step: step, options: options), "\(size)")
    }
  }

  @Test func `the bytes as read are at hand`() throws {
    let records = try read(text, options: tinyChunks)
    let raw = records[0].raw?.withBytes { String(decoding: $0, as: UTF8.self) }
    #expect(raw == #"{"fullUrl": "urn:1", "resource": {"resourceType": "Patient", "id": "1"}}"#)
  }

  @Test(arguments: [
    #"{"entry":[{"fullUrl":"1"},{"fullUrl":"2"}],"type":"batch","resourceType":"Bundle"}"#,
    #"{"type":"batch","entry":[{"id":"x","resource":{"resourceType":"Basic"}},{}],"resourceType":"Bundle"}"#,
    #"{"entry":[{},{"fullUrl":"2"}],"resourceType":"Bundle","type":"batch"}"#,
  ])
  func `resourceType may come after the entries`(text: String) throws {
    for options in [ReadOptions(), tinyChunks] {
      let records = try read(text, options: options)
      #expect(records.map { word($0.content) } == ["entry 0", "entry 1", "bundle of 2"])
      #expect(records.allSatisfy { $0.issues.isEmpty })
    }
  }

  @Test(arguments: [
    #"{"resourceType":"List","entry":[{"item":{"reference":"a"}}]}"#,
    #"{"entry":[{"item":{"reference":"a"}}],"resourceType":"List"}"#,
    #"{"entry":[{"flag":{"text":"x"},"item":{"reference":"a"}}],"id":"1","resourceType":"List"}"#,
  ])
  func `a List, which has entries too, is a resource`(text: String) throws {
    for options in [ReadOptions(), tinyChunks] {
      #expect(try read(text, options: options).map { word($0.content) } == ["resource"])
    }
  }

  @Test func `what looks like a Bundle's entries and is none is reported`() throws {
    let records = try read(
      #"{"entry":[{"fullUrl":"1"},{"item":{}}],"resourceType":"List"}"#, options: tinyChunks)
    #expect(records.map { word($0.content) } == ["entry 0", "entry 1", "bundle of 2"])
    #expect(records[2].issues.map(\.rule) == [.resourceType])
  }

  @Test(arguments: [
    (#"{"resourceType":"Bundle"}"#, #"{"resourceType":"Bundle"}"#),
    (#"{"resourceType":"Bundle","entry":[]}"#, #"{"resourceType":"Bundle","entry":[]}"#),
    (#"{"resourceType":"Bundle","entry":{"a":1}}"#, #"{"resourceType":"Bundle","entry":{"a":1}}"#),
    (
      #"{"resourceType":"Bundle","entry":null,"x":[{"y":[]}]}"#,
      #"{"resourceType":"Bundle","entry":null,"x":[{"y":[]}]}"#
    ),
  ])
  func `entries that are no items stay with the Bundle`(text: String, written: String) throws {
    for options in [ReadOptions(), tinyChunks] {
      let record = try #require(try read(text, options: options).first)
      #expect(word(record.content) == "bundle of 0")
      #expect(json(record.tree) == written)
    }
  }

  @Test func `items that are no objects are entries all the same`() throws {
    let records = try read(#"{"resourceType":"Bundle","entry":[17,null,[],"x",{}]}"#, options: tinyChunks)
    #expect(
      records.map { word($0.content) }.prefix(5) == ["entry 0", "entry 1", "entry 2", "entry 3", "entry 4"])
    #expect(
      records.prefix(5).map { $0.tree.nodes[0].flags.kind } == [.number, .null, .array, .string, .none])
    #expect(json(records[0].tree) == "17")
  }

  @Test func `a second array of entries goes on where the first ended`() throws {
    let text =
      #"{"resourceType":"Bundle","entry":[{"fullUrl":"1"}],"type":"batch","entry":[{"fullUrl":"2"}]}"#
    for options in [ReadOptions(), tinyChunks] {
      let records = try read(text, options: options)
      #expect(records.map { word($0.content) } == ["entry 0", "entry 1", "bundle of 2"])
      #expect(summary(records[2].issues) == ["error json-duplicate-key Bundle.entry 1:67"])
    }
  }

  @Test func `what was read before a mistake is delivered`() throws {
    for options in [ReadOptions(), tinyChunks] {
      let records = try read(
        "{\"resourceType\":\"Bundle\",\"entry\":[{\"fullUrl\":\"1\"},\n{\"fullUrl\":\"2\",,},{\"fullUrl\":\"3\"}]}",
        options: options)
      #expect(records.map { word($0.content) } == ["entry 0", "unreadable"])
      #expect(summary(records[1].issues) == ["fatal json-syntax Bundle.entry[1] 2:16"])
    }
  }

  @Test(arguments: 1..<100)
  func `a Bundle that is cut off ends as unreadable`(percent: Int) throws {
    let cut = Array(text.utf8.prefix(text.utf8.count * percent / 100))
    for options in [ReadOptions(), tinyChunks] {
      let records = try read(cut, options: options)
      #expect(records.last?.content == .unreadable)
      #expect(records.last?.issues.last?.severity == .fatal)
      let whole = records.dropLast().map { word($0.content) }
      #expect(whole == Array(["entry 0", "entry 1"].prefix(whole.count)))
    }
  }

  @Test func `a mistake among the Bundle's own members keeps its position`() throws {
    let records = try read(
      "{\"resourceType\":\"Bundle\",\n\"entry\":[{}],\n  \"total\": 01}", options: tinyChunks)
    #expect(records.map { word($0.content) } == ["entry 0", "unreadable"])
    #expect(records[1].issues.last?.position == SourcePosition(line: 3, column: 13))
  }

  @Test func `a Bundle is one tree where that is asked for`() throws {
    var options = tinyChunks
    options.splitBundles = false
    let record = try readOne(text, options: options)
    #expect(word(record.content) == "resource")
    #expect(record.tree.children(of: 0).count(where: { record.tree.nodes[$0].flags.contains(.item) }) == 2)
  }

  @Test func `a resource larger than allowed is refused, not kept in memory`() throws {
    var options = tinyChunks
    options.maximumResourceBytes = 1000
    let long = String(repeating: "x", count: 5000)
    for text in ["{\"resourceType\":\"Basic\",\"id\":\"\(long)\"}", "{\"\(long)\":1}"] {
      let records = try read(text, options: options)
      #expect(records.map(\.content) == [.unreadable])
      #expect(records[0].issues.map(\.rule) == [.limitSize])
    }
  }

  @Test func `an entry larger than allowed is passed over, and what stands behind it is read`() throws {
    let long = String(repeating: "x\\\"}]é", count: 20_000)
    for chunkBytes in [16, 5000] {
      var options = ReadOptions()
      options.chunkBytes = chunkBytes
      options.maximumResourceBytes = 20_000
      let records = try read(
        "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[{\"fullUrl\":\"a\"},\n"
          + "{\"fullUrl\":\"\(long)\"} , {\"fullUrl\":\"c\"}],\"id\":\"b\"}", options: options)
      try #require(records.map { word($0.content) } == ["entry 0", "unreadable", "entry 2", "bundle of 3"])
      let issue = try #require(records[1].issues.first)
      #expect((issue.rule, issue.expression) == (.limitSize, "Bundle.entry[1]"))
      #expect(issue.position == SourcePosition(line: 2, column: 1))
      // What is set aside of it is its beginning.
      let raw = try #require(records[1].raw).withBytes { String(decoding: $0, as: UTF8.self) }
      #expect(raw.hasPrefix("{\"fullUrl\":\"x") && raw.utf8.count < 10_000)
      #expect(records[2].tree.position(of: 0)?.line == 2)
    }
  }

  @Test func `members of a Bundle are no more than allowed together`() throws {
    var options = ReadOptions()
    options.maximumResourceBytes = 200_000
    let members = (0..<2000).map { ",\"x\($0)\":\"\(String(repeating: "y", count: 60))\"" }.joined()
    let records = try read(
      "{\"resourceType\":\"Bundle\",\"entry\":[{\"fullUrl\":\"a\"}]\(members)}", options: options)
    try #require(records.map { word($0.content) } == ["entry 0", "unreadable"])
    #expect(records[1].issues.map(\.rule) == [.limitSize] && records[1].raw?.isBeginning == true)
    #expect(records[1].issues[0].expression == "Bundle")
  }

  @Test func `a resource of more elements than allowed is refused, and the next one is read`() throws {
    var options = ReadOptions()
    options.maximumElements = 1000
    let names = { (count: Int) in
      Array(repeating: #"{"family":"a","_family":{"id":"x"}}"#, count: count).joined(separator: ",")
    }
    for bad in [
      #"{"resourceType":"Patient","name":[\#(names(2000))],"_x":{"id":"1"},"x":"y"}"#,
      #"{"resourceType":"Patient","name":[{"given":[\#(Array(repeating: "0", count: 5000).joined(separator: ","))]}]}"#,
      #"{"resourceType":"Patient","name":[\#(Array(repeating: "[{\"a\":[0]}]", count: 5000).joined(separator: ","))]}"#,
    ] {
      let good = #"{"resourceType":"Patient","name":[\#(names(100))]}"#
      let records = try read("\(good)\n\(bad)\n\(good)", options: options)
      try #require(records.map { word($0.content) } == ["resource", "unreadable", "resource"])
      #expect(records[1].issues.contains { $0.rule == .limitSize })
      #expect(records[1].tree.count == 1)
      #expect(records[0].tree.count > 200 && records[0].tree.count == records[2].tree.count)
    }
  }

  @Test func `a string of megabytes is one value`() throws {
    let long = String(repeating: "0123456789abcdef", count: 300_000)
    let record = try readOne("{\"resourceType\":\"Binary\",\"data\":\"\(long)\"}")
    #expect(record.tree.rawText(1).count == long.utf8.count)
  }
}
