import FHIRFormats
import FHIRModel
import Synchronization
import Testing

@Suite struct NDJSONTests {
  private let lines = [
    #"{"resourceType":"Patient","id":"1"}"#, #"{"resourceType":"Basic","id":"é2","x":[1,2]}"#,
    #"{"resourceType":"Patient","id":"3"}"#,
  ]

  private func readLines(_ text: String, options: ReadOptions = ReadOptions()) throws -> [Record] {
    try read(text, name: "p.ndjson", options: options)
  }

  @Test(arguments: ["\n", "\r\n", "\n\n", "\n \t\r\n", "\n\u{FEFF}", "\n\u{FEFF}\r\n\u{FEFF}\u{FEFF} "])
  func `lines are resources, blank ones are not`(separator: String) throws {
    for end in ["", separator, "\n\n\n"] {
      for options in [ReadOptions(), tinyChunks] {
        let records = try readLines(lines.joined(separator: separator) + end, options: options)
        #expect(records.map { word($0.content) } == ["resource", "resource", "resource"])
        #expect(records.map { json($0.tree) } == lines)
        #expect(records.allSatisfy { $0.issues.isEmpty })
      }
    }
  }

  @Test func `files with byte order marks that were put together are lines, whatever their name`() throws {
    for options in [ReadOptions(), tinyChunks] {
      let text = lines.map { "\u{FEFF}\($0)\r\n" }.joined() + "\u{FEFF}"
      let records = try read(text, name: "p.json", options: options)
      #expect(records.map { json($0.tree) } == lines)
      #expect(records.allSatisfy { $0.issues.isEmpty })
    }
  }

  @Test func `positions count from the source's start`() throws {
    for options in [ReadOptions(), tinyChunks] {
      let records = try readLines("\n" + lines.joined(separator: "\n"), options: options)
      #expect(records.map { $0.tree.position(of: 0)?.line } == [2, 3, 4])
      #expect(records[1].tree.position(of: 2) == SourcePosition(line: 3, column: 40))
    }
  }

  @Test(arguments: [
    (#"{"resourceType":"Patient","id":}"#, "2:32"), (#"{"resourceType":"Patient""#, "2:26"), ("[1]", "2:1"),
    ("rubbish", "2:1"), (#"{"id":"1"} {"id":"2"}"#, "2:12"), (#"{"id":"1"#, "2:9"), (#"{"id":"1"}}"#, "2:11"),
    (#"{"a":["#, "2:7"),
  ])
  func `a bad line is set aside and the next ones are read`(bad: String, place: String) throws {
    for options in [ReadOptions(), tinyChunks] {
      let records = try readLines("\(lines[0])\n\(bad)\n\(lines[1])\n\(bad)", options: options)
      #expect(records.map { word($0.content) } == ["resource", "unreadable", "resource", "unreadable"])
      let issue = records[1].issues.last
      #expect(issue?.severity == .fatal)
      #expect(issue?.position.map { "\($0.line):\($0.column)" } == place)
      #expect(records[1].raw?.withBytes { String(decoding: $0, as: UTF8.self) } == bad)
      #expect(records[2].tree.position(of: 0)?.line == 3)
    }
  }

  @Test func `a Bundle on a line gives its entries`() throws {
    let bundle =
      #"{"resourceType":"Bundle","type":"batch","entry":[{"fullUrl":"u1"},{"resource":{"resourceType":"Basic","zz":1}}]}"#
    let records = try readLines("\(lines[0])\n\(bundle)\n\(lines[1])")
    #expect(
      records.map { word($0.content) } == ["resource", "entry 0", "entry 1", "bundle of 2", "resource"])
    #expect(records[2].tree.rootExpression == "Bundle.entry[1]")
    #expect(json(records[2].tree) == #"{"resource":{"resourceType":"Basic","zz":1}}"#)
    #expect(json(records[3].tree) == #"{"resourceType":"Bundle","type":"batch"}"#)
    #expect(records[1].raw?.withBytes { String(decoding: $0, as: UTF8.self) } == #"{"fullUrl":"u1"}"#)
    #expect(records[2].tree.position(of: 0) == SourcePosition(line: 2, column: 67))
  }

  @Test func `a line larger than allowed is set aside`() throws {
    var options = tinyChunks
    options.maximumResourceBytes = 500
    let long = "{\"resourceType\":\"Basic\",\"id\":\"\(String(repeating: "x", count: 3000))\"}"
    let records = try readLines("\(lines[0])\n\(long)\n\(lines[2])", options: options)
    #expect(records.map { word($0.content) } == ["resource", "unreadable", "resource"])
    #expect(records[1].issues.map(\.rule) == [.limitSize])
    #expect(records[2].tree.position(of: 0)?.line == 3)
  }

  @Test func `a Bundle on a line tells what is wrong at the entry that has it`() throws {
    let entry = #"{"resource":{"resourceType":"Basic","id":"a"}}"#
    let twice = #"{"resource":{"resourceType":"Basic","id":"a","id":"b"}}"#
    let bundle =
      "{\"resourceType\":\"Bundle\",\"entry\":[\(entry),\(twice),\(entry),\(twice)],\"type\":\"batch\",\"type\":\"batch\"}"
    let records = try readLines("\(bundle)\n\(lines[0])")
    #expect(records.map(\.issues.count) == [0, 1, 0, 1, 1, 0])
    #expect(records[3].issues[0].expression.hasPrefix("Bundle.entry[3]"))
    #expect(records[4].issues[0].expression.hasPrefix("Bundle.type"))
  }

  private static let entries =
    #"{"resource":{"resourceType":"Basic","id":"a"}},{"resource":{"resourceType":"Basic","id":"b"}}"#

  @Test(arguments: [
    #"{"resourceType":"Bundle","entry":[\#(entries)"#, #"{"resourceType":"Bundle","entry":[\#(entries),"#,
    #"{"resourceType":"Bundle","entry":[\#(entries)]"#, #"{"resourceType":"Bundle","entry":[\#(entries)}]}"#,
    #"{"resourceType":"Bundle","entry":[\#(entries)]} x"#,
    #"{"resourceType":"Bundle","entry":[\#(entries)],"type":"#,
    #"{"resourceType":"Bundle","entry":[\#(entries)],"type":nul}"#,
    #"{"resourceType":"Bundle","entry":[\#(entries) {}]}"#,
    #"{"resourceType":"Bundle","type":"batch"#, #"{"resourceType":"Bundle","entry":[\#(entries),{"a":["#,
  ])
  func `of a Bundle on a line that is no JSON nothing is read, and the next line is`(bundle: String) throws {
    for options in [ReadOptions(), tinyChunks] {
      let records = try readLines("\(lines[0])\n\(bundle)\n\(lines[2])\n\(bundle)", options: options)
      #expect(records.map { word($0.content) } == ["resource", "unreadable", "resource", "unreadable"])
      for (number, line) in [(1, 2), (3, 4)] {
        #expect(records[number].issues.last?.severity == .fatal)
        #expect(records[number].issues.last?.position?.line == line)
        // All of it can be mended and replayed.
        #expect(records[number].raw?.withBytes { String(decoding: $0, as: UTF8.self) } == bundle)
      }
    }
  }

  /// A Bundle on a line, of some megabytes.
  private func longBundle(broken: Bool = false) -> String {
    let note = String(repeating: "n", count: 500)
    let entries = (0..<6000).map {
      "{\"resource\":{\"resourceType\":\"Basic\",\"id\":\"\($0)\",\"x\":\"\(note)\"}}"
    }
    return "{\"resourceType\":\"Bundle\",\"entry\":[\(entries.joined(separator: ","))"
      + (broken ? "}" : "],\"type\":\"batch\"}")
  }

  @Test func `a long Bundle on a line gives what it gives as a document`() throws {
    let long = longBundle()
    let document = try read(long)
    let records = try readLines("\(lines[0])\n\(long)\n\(lines[2])")
    #expect(records.count == document.count + 2)
    for (record, own) in zip(records.dropFirst(), document) {
      try #require(record.content == own.content)
      #expect(record.tree.rootExpression == own.tree.rootExpression)
      try #require(TreeComparison().difference(record.tree, own.tree) == nil)
      #expect(record.tree.line(of: 0) == 2)
    }
    let broken = try readLines("\(longBundle(broken: true))\n\(lines[2])")
    #expect(broken.map { word($0.content) } == ["unreadable", "resource"])
  }

  @Test func `an entry of a long Bundle on a line is asked for once whether it is passed over`() throws {
    let asked = Mutex<[String: Int]>([:])
    var options = ReadOptions()
    options.skips = { type, id, _ in
      guard let id else { return false }
      asked.withLock { $0[String(decoding: id, as: UTF8.self), default: 0] += 1 }
      return true
    }
    let records = try readLines("\(longBundle())\n\(lines[1])", options: options)
    #expect(records.map { word($0.content) } == ["bundle of 6000", "resource"])
    #expect(asked.withLock { $0.count } == 6000)
    #expect(asked.withLock { $0.values.allSatisfy { $0 == 1 } })
  }

  @Test func `workers that share a reader find every resource once`() throws {
    let text = (0..<3000).map { "{\"resourceType\":\"Basic\",\"id\":\"\($0)\"}" }.joined(separator: "\n")
    var options = ReadOptions()
    options.chunkBytes = 4096
    let reader = try ResourceReader(source: MemorySource(text), name: "x.ndjson", options: options)
    var batches: [RecordBatch] = []
    while let batch = try reader.nextBatch() { batches.append(batch) }
    #expect(batches.count > 10)
    #expect(batches.reduce(0) { $0 + $1.byteCount } == text.utf8.count)
    // Batches keep their bytes, so that they may be gone through in any order, later and elsewhere.
    var found: [String] = []
    for batch in batches.reversed() {
      func keep(_ record: Record) { found.append(record.tree.string(at: 1)) }
      batch.forEach(keep)
    }
    #expect(Set(found) == Set((0..<3000).map(String.init)))
  }
}
