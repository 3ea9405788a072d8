import BSON
import Testing

struct BSONWriterTests {
  @Test func writesWhatLibbsonWrites() throws {
    var writer = BSONWriter(capacity: 0)
    writer.beginDocument()
    writer.append("_id", string: "example")
    writer.append("flag", bool: true)
    writer.append("off", bool: false)
    writer.appendNull("nothing")
    writer.append("small", int32: -42)
    writer.append("large", int64: 1 << 40)
    writer.append("half", double: 0.5)
    writer.append("born", date: -86_400_000)
    writer.append("dose", decimal128: try #require(Decimal128(exactly: "1.50")))
    let bytes: [UInt8] = [1, 2, 3]
    bytes.withUnsafeBytes { writer.append("bytes", binary: $0) }
    writer.beginDocument("inner")
    writer.beginArray("list")
    writer.append(string: "a")
    writer.beginDocument()
    writer.endDocument()
    writer.beginArray()
    writer.append(int32: 1)
    writer.endArray()
    writer.endArray()
    writer.endDocument()
    writer.append("last", string: "")
    writer.endDocument()
    let expected = Libbson.document(
      extendedJSON: """
        {"_id": "example", "flag": true, "off": false, "nothing": null, "small": -42,
         "large": {"$numberLong": "1099511627776"}, "half": 0.5, "born": {"$date": {"$numberLong": "-86400000"}},
         "dose": {"$numberDecimal": "1.50"}, "bytes": {"$binary": {"base64": "AQID", "subType": "00"}},
         "inner": {"list": ["a", {}, [1]]}, "last": ""}
        """)
    #expect(try writer.finish().bytes == expected)
  }

  @Test func writesNamesAndTextsOfEveryLength() throws {
    // Letters that differ from place to place, and bytes beyond ASCII, which the search for a name's end must not stop at.
    let letters = Array("aÿbcdéfghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\u{1}\u{80}0123456789")
    for length in 0...letters.count {
      let text = String(letters[..<length])
      let document: BSONDocument = [text: .string(text), "next": 1]
      #expect(Libbson.accepts(document.bytes))
      try document.withView { (view: BSONView) throws in
        #expect(try view.find(string: text)?.text == text)
        #expect(try view.find("next")?.int32 == 1)
        var names: [String] = []
        try view.forEachElement { names.append($0.name) }
        #expect(names == [text, "next"])
      }
    }
  }

  @Test func namesArrayElementsByTheirIndex() throws {
    let count = 12_345
    var writer = BSONWriter()
    writer.beginDocument()
    writer.beginArray("a")
    for _ in 0..<count { writer.appendNull() }
    writer.endArray()
    writer.endDocument()
    let document = try writer.finish()
    try document.withView { (view: BSONView) throws in
      var index = 0
      try #require(try view.find("a")?.array).forEachElement { element in
        #expect(element.name == String(index))
        index += 1
      }
      #expect(index == count)
    }
    #expect(Libbson.accepts(document.bytes))
  }

  @Test func keepsZeroBytesInTexts() throws {
    let document: BSONDocument = ["a": "x\u{0}y"]
    #expect(Libbson.accepts(document.bytes))
    #expect(try document.fields()["a"] == "x\u{0}y")
  }

  @Test func refusesZeroBytesInNames() {
    #expect(throws: BSONError(.nulInKey)) { try BSONDocument(["a\u{0}b": 1]) }
    let bytes: [UInt8] = [97, 0, 98]
    bytes.withUnsafeBytes { bytes in
      #expect(BSONKey(bytes) == nil)
      #expect(!BSONKey.isRepresentable(bytes))
      #expect(BSONKey.isRepresentable(UnsafeRawBufferPointer(rebasing: bytes[..<1])))
    }
    #expect(!BSONKey.isRepresentable("\u{0}"))
  }

  @Test func buildsATextFromParts() throws {
    var writer = BSONWriter(capacity: 64)
    writer.beginDocument()
    writer.key("name")
    let start = writer.beginString()
    for part in ["Ada", " ", String(repeating: "Lovelace", count: 40)] {
      var part = part
      part.withUTF8 { writer.append(part: UnsafeRawBufferPointer($0)) }
    }
    writer.append(part: UInt8(ascii: "!"))
    writer.endString(start)
    writer.append("after", bool: true)
    writer.endDocument()
    let fields = try writer.finish().fields()
    #expect(
      fields == ["name": .string("Ada " + String(repeating: "Lovelace", count: 40) + "!"), "after": true])
  }

  @Test func rollsBackToAMark() throws {
    var writer = BSONWriter()
    writer.beginDocument()
    writer.append("keep", int32: 1)
    let mark = writer.mark()
    writer.beginArray("drop")
    writer.append(string: "x")
    writer.beginDocument()
    writer.key("open")
    writer.rollBack(to: mark)
    writer.append("next", int32: 2)
    writer.endDocument()
    #expect(try writer.finish().fields() == ["keep": 1, "next": 2])
  }

  @Test func rollsBackInsideAnArrayWithoutSkippingAnIndex() throws {
    var writer = BSONWriter()
    writer.beginDocument()
    writer.beginArray("a")
    writer.append(int32: 1)
    let mark = writer.mark()
    writer.beginDocument()
    writer.endDocument()
    writer.rollBack(to: mark)
    writer.append(int32: 2)
    writer.endArray()
    writer.endDocument()
    #expect(try writer.finish().bytes == Libbson.document(extendedJSON: #"{"a": [1, 2]}"#))
  }

  @Test func saysWhetherTheOpenDocumentIsEmpty() {
    var writer = BSONWriter()
    writer.beginDocument()
    #expect(writer.isCurrentEmpty == true)
    writer.beginArray("a")
    #expect(writer.isCurrentEmpty == true)
    writer.appendNull()
    #expect(writer.isCurrentEmpty == false)
    writer.endArray()
    #expect(writer.isCurrentEmpty == false)
  }

  @Test func putsDocumentsBehindEachOther() throws {
    var writer = BSONWriter()
    for number in 0..<3 as Range<Int32> {
      writer.beginDocument()
      writer.append("n", int32: number)
      writer.endDocument()
    }
    let batch = try writer.finishBatch()
    var seen: [Int32] = []
    try batch.forEachDocument { view in seen.append(try #require(try view.find("n")?.int32)) }
    #expect(seen == [0, 1, 2] && batch.count == 3)
    #expect(batch == BSONBatch([["n": 0], ["n": 1], ["n": 2]]))
    #expect(writer.count == 0)
    #expect(writer.documentCount == 0)
  }

  @Test func embedsWhatIsBSONAlready() throws {
    let inner: BSONDocument = ["x": 1, "y": ["z"]]
    var writer = BSONWriter()
    writer.beginDocument()
    writer.append("whole", document: inner)
    try inner.withView { (view: BSONView) throws in
      let array = try #require(try view.find("y"))
      writer.append(element: array)
      writer.append("renamed", valueOf: array)
      writer.append("view", document: view)
    }
    writer.endDocument()
    #expect(
      try writer.finish().fields() == [
        "whole": ["x": 1, "y": ["z"]], "y": ["z"], "renamed": ["z"], "view": ["x": 1, "y": ["z"]],
      ])
  }
}
