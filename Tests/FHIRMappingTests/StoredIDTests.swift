import BSON
import Testing

@testable import FHIRMapping

@Suite struct StoredIDTests {
  @Test(
    arguments: [
      ("p1", "p1"), (" p1 ", " p1 "), ("", ""), (.int32(-5), "-5"), (.double(7), "7"), (.double(-0.0), "0"),
      (.double(2.5), "2.5"), (.double(1e300), "1e300"), (.double(-.infinity), "-Infinity"),
      (.double(.leastNonzeroMagnitude), "5e-324"), (true, "true"), (.null, "null"),
      (.objectID(Array(1...12)), "0102030405060708090a0b0c"),
      (.binary(subtype: 4, Array(0..<16)), "00010203-0405-0607-0809-0a0b0c0d0e0f"),
    ] as [(BSONValue, String)])
  func `an _id whose text FHIR allows is among the values of that text`(_ id: BSONValue, _ text: String) {
    #expect(StoredID.text(of: id) == text)
    let values = StoredID.values(of: text)
    let same = values.contains { $0 == id || $0.integer != nil && $0.integer == id.integer }
    #expect(same, "\(values)")
    #expect(values.allSatisfy { StoredID.text(of: $0) == text })
  }

  @Test func `what MongoDB takes for different _ids of other types has different texts`() {
    let ids: [BSONValue] = [
      .date(0), .date(.min), .date(.max), [:], ["a": 1], ["a": "1"], .binary(subtype: 0, []),
      .binary(subtype: 4, []), .binary(subtype: 3, Array(0..<16)), .binary(subtype: 4, Array(0..<16)),
      .other(.timestamp, [1, 0, 0, 0, 2, 0, 0, 0]), .other(.timestamp, [2, 0, 0, 0, 1, 0, 0, 0]),
      .other(.minKey, []), .other(.maxKey, []), .null, false, .double(.nan),
    ]
    #expect(Set(ids.map { StoredID.text(of: $0) }).count == ids.count)
  }

  @Test func `what MongoDB takes for one _id has one text, within documents as well`() throws {
    func text(_ number: BSONValue) -> String { StoredID.text(of: ["site": ["n": number], "list": [number]]) }
    let decimal = try #require(Decimal128(exactly: "30.0"))
    for same: BSONValue in [.int64(30), .double(30), .decimal128(decimal)] {
      #expect(text(same) == text(.int32(30)))
    }
    for (decimal, text) in [
      ("30.0", "30"), ("3E+1", "30"), ("14.50", "14.5"), ("1.50E-7", "1.5e-07"), ("-0", "0"),
      ("1E+300", "1e300"),
      ("9007199254740993.00", "9007199254740993"), ("0.12345678901234567890", "0.1234567890123456789"),
      ("1E+6000", "1E6000"),
    ] {
      #expect(StoredID.text(of: .decimal128(try #require(Decimal128(exactly: decimal)))) == text)
    }
    #expect(text(.double(2.5)) == text(.decimal128(try #require(Decimal128(exactly: "2.50")))))
    #expect(Set([.int32(30), "30", .double(30.5), .int64(1 << 40), true].map(text)).count == 5)
  }

  @Test func `a list of one names that one, and other lists nobody`() throws {
    func named(_ value: BSONValue) throws -> String? {
      try BSONDocument(["x": value]).withView { try $0.find("x").flatMap(StoredID.text) }
    }
    #expect(try named(["p1"]) == "p1")
    #expect(try named(["p1", .null, "p1", ""]) == "p1")
    #expect(try named([.int32(7)]) == "7")
    for value: BSONValue in [[], ["p1", "p2"], [["p1"]], .null] { #expect(try named(value) == nil) }
  }
}
