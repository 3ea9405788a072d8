import FHIRFormats
import FHIRModel
import Testing

/// The format is told by the content; the name only helps where that does not tell.
@Suite struct FormatDetectionTests {
  private func format(_ text: String, name: String = "-") throws -> Format {
    try ResourceReader(source: MemorySource(text), name: name).format
  }

  @Test(arguments: [
    ("{\"a\":1}", "-", Format.json), ("{\"a\":1}", "x.ndjson", .ndjson),
    ("{\"a\":1}", "x.ndjson.gz", .ndjson),
    ("{\"a\":1}\n{\"a\":2}", "x.json", .ndjson), ("{\"a\":1}\n\n  \r\n{\"a\":2", "-", .ndjson),
    ("{\"a\":1}\n", "-", .json), ("{\n\"a\":1}\n", "x.ndjson", .json),
    ("{\n\"a\":[\n{\n\"b\":1\n}]}", "-", .json),
    ("{\"a\":1} {\"a\":2}", "-", .json), ("{\"a\":[\n{\"b\":1}\n]}", "-", .json), ("<a/>", "x.json", .xml),
    ("\u{FEFF}<a/>", "-", .xml), ("\u{FEFF} {\"a\":1}", "x.xml", .json), ("", "x.ndjson", .ndjson),
    ("", "x.xml", .xml),
    ("", "-", .json), ("rubbish", "x.ndjson", .ndjson), ("rubbish", "x.txt", .json),
    ("{\"a\":\n{\"b\":1}", "x.ndjson", .ndjson),
    ("{\"a\":}\n{\"b\":1}", "x.ndjson", .ndjson),
  ])
  func `a format is told`(text: String, name: String, expected: Format) throws {
    #expect(try format(text, name: name) == expected)
  }

  @Test func `a first line longer than what is looked at is found to be one of many`() throws {
    let long = "{\"resourceType\":\"Basic\",\"id\":\"\(String(repeating: "x", count: 200_000))\"}"
    let reader = try ResourceReader(
      source: MemorySource("\(long)\n{\"resourceType\":\"Basic\"}\nrubbish\n{}"), name: "-")
    var words: [String] = []
    while let record = try reader.next() { words.append(word(record.content)) }
    #expect(words == ["resource", "resource", "unreadable", "resource"])
    #expect(reader.format == .ndjson)
  }

  @Test(
    arguments: [
      ([0xFF, 0xFE, 0x7B, 0x00, 0x7D, 0x00], "UTF-16"), ([0xFE, 0xFF, 0x00, 0x7B], "UTF-16"),
      ([0x7B, 0x00, 0x7D, 0x00], "UTF-16"),
      ([0x00, 0x3C, 0x00, 0x61], "UTF-16"), ([0xFF, 0xFE, 0x00, 0x00, 0x7B, 0x00, 0x00, 0x00], "UTF-32"),
      ([0x00, 0x00, 0xFE, 0xFF], "UTF-32"), ([0x00, 0x00, 0x00, 0x7B], "UTF-32"),
    ] as [([UInt8], String)])
  func `other encodings are refused by name`(bytes: [UInt8], encoding: String) throws {
    let records = try read(bytes)
    #expect(records.map(\.content) == [.unreadable])
    #expect(records[0].issues.map(\.rule) == [.encodingUTF8])
    #expect(records[0].issues[0].message.contains(encoding))
  }

  @Test func `a file of zeros is not taken for another encoding`() throws {
    let records = try read([UInt8](repeating: 0, count: 64))
    #expect(records.map(\.content) == [.unreadable])
    #expect(records[0].issues[0].message.contains("zero byte"), "\(records[0].issues[0].message)")
  }

  @Test(arguments: [
    ("PK\u{3}\u{4}\u{14}\u{0}", "zip"), ("a.json\(String(repeating: "\0", count: 251))ustar", "tar archive"),
    ("BZh91AY&SY", "bzip2"), ("%PDF-1.4\n", "PDF"), ("Id,BIRTHDATE,Last name\n1,1980-01-01,X\n", "CSV"),
    ("MSH|^~\\&|A", "HL7 version 2"),
    ("<!DOCTYPE HTML><html>502", "HTML"), ("<html><body>", "HTML"),
  ])
  func `what is something else is refused by name, and kept`(text: String, words: String) throws {
    for name in ["x.json", "x.ndjson", "x.xml"] {
      let reader = try ResourceReader(source: MemorySource(text), name: name)
      let record = try #require(try reader.next())
      #expect(record.content == .unreadable)
      #expect(record.issues.map(\.rule) == [.notFHIR])
      #expect(record.issues[0].message.contains(words))
      #expect(record.raw?.withBytes { $0.elementsEqual(text.utf8) } == true)
      #expect(try reader.next() == nil)
    }
  }

  @Test func `a first line that is a table's keeps none of the others from being read`() throws {
    let reader = try ResourceReader(
      source: MemorySource("id,name\n{\"resourceType\":\"Basic\"}\n"), name: "x.ndjson")
    #expect(try reader.next()?.content == .unreadable)
    #expect(try reader.next()?.content == .resource)
  }

  @Test func `a resource may have in its text what other files begin with`() throws {
    let start = #"{"resourceType":"Basic","language":""#
    for text in [
      start + String(repeating: "x", count: 257 - start.utf8.count) + #"ustar"}"#,
      " \n" + #"{"resourceType":"Basic","id":"PK"}"#,
    ] {
      #expect(word(try readOne(text).content) == "resource")
    }
  }

  @Test func `of what is refused and long the beginning is kept`() throws {
    let reader = try ResourceReader(
      source: MemorySource("PK\u{3}\u{4}" + String(repeating: "x", count: 100_000)), name: "x.json")
    let raw = try #require(try reader.next()?.raw)
    #expect(raw.isBeginning && raw.range.count == 4096)
  }

  @Test func `a byte order mark is no content`() throws {
    let record = try readOne("\u{FEFF}{\"resourceType\":\"Basic\",\"id\":\"1\"}")
    #expect(word(record.content) == "resource")
    #expect(record.tree.position(of: 1) == SourcePosition(line: 1, column: 25))
  }

  @Test func `lines behind a document that takes several are a mistake`() throws {
    let records = try read("{\n\"resourceType\":\"Basic\"}\n{\"resourceType\":\"Basic\"}")
    #expect(records.map { word($0.content) } == ["resource", "unreadable"])
    #expect(summary(records[1].issues) == ["fatal json-syntax  3:1"])
  }
}
