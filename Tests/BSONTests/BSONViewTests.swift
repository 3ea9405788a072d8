import BSON
import Testing

struct BSONViewTests {
  static let sample: BSONDocument = [
    "name": [["family": "Chalmers", "given": ["Peter", "James"]]], "active": true, "weight": 72.5, "count": 3,
    "long": .int64(1 << 40), "born": .date(5), "id": .objectID([UInt8](1...12)), "empty": [:],
    "data": .binary(subtype: 5, [9, 8]),
    "dose": .decimal128(Decimal128(low: 150, high: 0x303C_0000_0000_0000)),
    "nothing": nil,
  ]

  @Test func readsEveryType() throws {
    try Self.sample.withView { (view: BSONView) throws in
      #expect(try view.find("active")?.bool == true)
      #expect(try view.find("weight")?.double == 72.5)
      #expect(try view.find("count")?.int32 == 3)
      #expect(try view.find("count")?.integer == 3)
      #expect(try view.find("long")?.int64 == 1 << 40)
      #expect(try view.find("born")?.date == 5)
      #expect(try view.find("id")?.objectID.map { [UInt8]($0) } == [UInt8](1...12))
      #expect(try view.find("empty")?.document?.isEmpty == true)
      #expect(try view.find("data")?.binary?.subtype == 5)
      #expect(try view.find("data")?.binary.map { [UInt8]($0.bytes) } == [9, 8])
      #expect(try view.find("dose")?.decimal128?.canonicalText == "1.50")
      #expect(try view.find("nothing")?.isNull == true)
    }
  }

  @Test(arguments: [
    (0.0, 0), (-3.0, -3), (0x1p62, 1 << 62), (-0x1p63, Int64.min), (0.5, nil), (0x1p63, nil),
    (-0x1.8p63, nil), (.nan, nil),
    (.infinity, nil), (-0.0, 0),
  ])
  func takesADoubleForAWholeNumberOnlyWhereItIsOne(value: Double, expected: Int64?) throws {
    #expect(BSONValue.double(value).integer == expected)
    let document: BSONDocument = ["n": .double(value)]
    try document.withView { (view: BSONView) throws in #expect(try view.find("n")?.integer == expected) }
  }

  @Test func givesNothingForAnotherType() throws {
    try Self.sample.withView { (view: BSONView) throws in
      let count = try #require(try view.find("count"))
      #expect(count.text == nil && count.double == nil && count.bool == nil && count.document == nil)
      #expect(count.int64 == nil && count.date == nil && count.binary == nil && count.decimal128 == nil)
      #expect(try view.find("absent") == nil)
      #expect(try view.find("nam") == nil)
    }
  }

  @Test func followsDottedPaths() throws {
    try Self.sample.withView { (view: BSONView) throws in
      #expect(try view.find(path: "name.0.family")?.text == "Chalmers")
      #expect(try view.find(path: "name.0.given.1")?.text == "James")
      #expect(try view.find(path: "active")?.bool == true)
      #expect(try view.find(path: "name.1.family") == nil)
      #expect(try view.find(path: "active.x") == nil)
      #expect(try view.find(path: "") == nil)
    }
  }

  @Test func decodesAndEncodesATree() throws {
    let fields = try Self.sample.fields()
    #expect(fields.keys.first == "name")
    #expect(try BSONDocument(fields) == Self.sample)
  }

  @Test func keepsTypesItDoesNotKnowByName() throws {
    let bytes = try #require(
      Libbson.document(
        extendedJSON: """
          {"r": {"$regularExpression": {"pattern": "^a", "options": "i"}}, "t": {"$timestamp": {"t": 1, "i": 2}},
           "min": {"$minKey": 1}, "max": {"$maxKey": 1}, "code": {"$code": "x"}, "u": {"$undefined": true},
           "scope": {"$code": "x", "$scope": {"a": 1}}, "sym": {"$symbol": "s"}, "end": 1}
          """))
    let document = try BSONDocument(bytes)
    let fields = try document.fields()
    #expect(fields["end"] == 1)
    #expect(try BSONDocument(fields).bytes == bytes)
    try document.withView { try $0.validate() }
  }

  @Test func throwsOnEveryTruncation() {
    let bytes = Self.sample.bytes
    for length in 0..<bytes.count {
      var cut = Array(bytes[..<length])
      #expect(throws: BSONError.self) { try BSONDocument(cut) }
      if length >= 5 {
        // The length made to fit, so that the elements themselves are what is cut off.
        cut.replaceSubrange(0..<4, with: withUnsafeBytes(of: Int32(length).littleEndian, Array.init))
        cut[length - 1] = 0
        cut.withUnsafeBytes { bytes in
          let outcome = Result { try BSONView(bytes).validate() }
          if case .success = outcome { #expect(Libbson.accepts(Array(bytes))) }
        }
      }
    }
  }

  @Test func judgesDamagedDocumentsAsLibbsonDoes() {
    var random = SeededGenerator(seed: 99)
    var refused = 0
    for _ in 0..<20_000 {
      var bytes = Self.sample.bytes
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        bytes[Int.random(in: 4..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let accepted = bytes.withUnsafeBytes { bytes in (try? BSONView(bytes).validate()) != nil }
      if !accepted { refused += 1 }
      // What we let through, libbson must let through; we may be stricter (deprecated types' insides are not).
      if accepted, !Self.hasOpaqueType(bytes) { #expect(Libbson.accepts(bytes)) }
    }
    #expect(refused > 5_000)
  }

  private static func hasOpaqueType(_ bytes: [UInt8]) -> Bool {
    func search(_ value: BSONValue) -> Bool {
      switch value {
      case .other: true
      case .binary(let subtype, _): subtype == 2
      case .array(let values): values.contains(where: search)
      case .document(let fields): fields.fields.contains { search($0.value) }
      default: false
      }
    }
    guard let fields = try? BSONDocument(bytes).fields() else { return true }
    return search(.document(fields))
  }

  @Test func refusesInvalidUTF8() throws {
    var bytes = (["text": "abcdefgh"] as BSONDocument).bytes
    bytes[bytes.count - 4] = 0xFF
    let document = try BSONDocument(bytes)
    #expect(throws: BSONError(.invalidUTF8, at: 20)) { try document.withView { try $0.validate() } }
  }

  @Test func refusesNestingWithoutEnd() throws {
    var writer = BSONWriter()
    writer.beginDocument()
    for _ in 0..<10_000 { writer.beginDocument("a") }
    for _ in 0..<10_000 { writer.endDocument() }
    writer.endDocument()
    let document = try writer.finish()
    #expect(throws: BSONError(.tooDeep)) { try document.withView { try $0.validate() } }
    #expect(throws: BSONError(.tooDeep)) { try document.fields() }
    var value: BSONValue = 1
    for _ in 0..<300 { value = ["a": value] }
    #expect(throws: BSONError(.tooDeep)) { try BSONDocument(["a": value]) }
  }
}
