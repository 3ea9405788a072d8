import BSON
import Testing

struct ExtendedJSONTests {
  @Test func saysWhatLibbsonSays() throws {
    let document = try BSONDocument(
      try #require(
        Libbson.document(
          extendedJSON: #"""
            {"s": "a\"b\\c\n\r\t\b\f\u0001/é\ud83d\ude00", "i": 1, "l": {"$numberLong": "2"}, "d": 72.5, "n": null,
             "t": true, "f": false, "date": {"$date": {"$numberLong": "-5"}}, "dec": {"$numberDecimal": "1.500"},
             "oid": {"$oid": "0102030405060708090a0b0c"}, "empty": {}, "none": [], "list": [1, [2], {"a": 3}],
             "b0": {"$binary": {"base64": "", "subType": "00"}}, "b1": {"$binary": {"base64": "AQ==", "subType": "05"}},
             "b2": {"$binary": {"base64": "AQI=", "subType": "80"}}, "b3": {"$binary": {"base64": "AQID", "subType": "00"}},
             "r": {"$regularExpression": {"pattern": "^a\"", "options": "i"}}, "ts": {"$timestamp": {"t": 1, "i": 2}},
             "min": {"$minKey": 1}, "max": {"$maxKey": 1}, "u": {"$undefined": true}}
            """#)))
    // libbson puts two spaces into what is empty.
    let theirs = Libbson.extendedJSON(document.bytes)?.split(separator: "  ").joined(separator: " ")
    #expect(try document.extendedJSON() == theirs)
    #expect(Libbson.document(extendedJSON: try document.extendedJSON(isIndented: true)) == document.bytes)
  }

  @Test func indentsAFieldALine() throws {
    let document: BSONDocument = ["a": ["b": 1, "c": []], "d": [true, "x"]]
    #expect(
      try document.extendedJSON(isIndented: true) == """
        {
          "a": {
            "b": { "$numberInt" : "1" },
            "c": []
          },
          "d": [
            true,
            "x"
          ]
        }
        """)
  }

  @Test func namesNumbersThatJSONHasNot() throws {
    let document: BSONDocument = ["a": .double(.nan), "b": .double(-.infinity)]
    #expect(
      try document.extendedJSON()
        == #"{ "a" : { "$numberDouble" : "NaN" }, "b" : { "$numberDouble" : "-Infinity" } }"#)
  }
}
