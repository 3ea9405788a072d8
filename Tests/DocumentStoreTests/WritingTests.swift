import BSON
import DocumentStore
import Testing

@Suite(.enabled(if: TestServer.mayRun, "MONGODB_URI is not set"))
struct WritingTests {
  @Test func givesBackTheBytesItWasGiven() throws {
    let document: BSONDocument = [
      "_id": "p1", "name": [["family": "Chalmers", "given": ["Peter", "James"]]], "active": true, "n": 3,
      "long": .int64(1 << 40), "born": .date(-5), "weight": 72.5, "nothing": nil, "empty": [:], "list": [],
      "dose": .decimal128(try #require(Decimal128(exactly: "1.500"))), "text": "a\u{0}b", "": "no name",
      "data": .binary(subtype: 0, [1, 2, 3]), "dotted.name": "x", "$dollar": "y",
    ]
    try TestServer.withStore { (connection) throws in
      let result = try connection.insert([document], into: "patient")
      #expect(result.inserted == 1 && result.failures.isEmpty)
      var found: [BSONDocument] = []
      try connection.find(in: "patient") { view in found.append(BSONDocument(copying: view)) }
      #expect(found == [document])
    }
  }

  @Test func reportsDuplicatesByTheirIndexAndWritesTheOthers() throws {
    try TestServer.withStore { (connection) throws in
      _ = try connection.insert([["_id": "b"]], into: "c")
      let result = try connection.insert(
        [["_id": "a"], ["_id": "b", "secret": "x"], ["_id": "c"], ["_id": "a"]], into: "c")
      #expect(result.inserted == 2)
      #expect(result.failures.map(\.index) == [1, 3])
      #expect(result.failures.allSatisfy { $0.reason == .duplicateKey && $0.serverCode == 11000 })
      #expect(result.failures.first?.message == "another document has the same _id")
      #expect(try connection.count(in: "c") == 3)
    }
  }

  @Test func keepsTheIndexOverSeveralMessages() throws {
    try TestServer.withStore { (connection) throws in
      var batch = BSONBatch()
      for number in 0..<12_000 { batch.append(["_id": .string("id\(number % 11_990)")]) }
      let result = try connection.insert(batch, into: "c")
      #expect(result.inserted == 11_990)
      #expect(result.failures.map(\.index) == Array(11_990..<12_000))
    }
  }

  @Test func refusesADocumentOver16MBAndWritesItsNeighbours() throws {
    try TestServer.withStore { (connection) throws in
      // 5 for the document, 9 + 2 for _id, 1 + 2 + 4 + 1 for the text around its content.
      let overhead = (["_id": "x", "t": ""] as BSONDocument).bytes.count
      let fits = String(repeating: "t", count: BSONLimit.documentBytes - overhead)
      let result = try connection.insert(
        [
          ["_id": "a"], ["_id": "b", "t": .string(fits + "t")], ["_id": "c", "t": .string(fits)],
          ["_id": "d"],
        ],
        into: "c")
      #expect(result.inserted == 3)
      #expect(result.failures.map(\.index) == [1])
      #expect(result.failures.first?.reason == .tooLarge)
      let replaced = try connection.replace(
        [["_id": "a", "t": .string(fits + "t")], ["_id": "d", "n": 1]], in: "c")
      #expect(replaced.matched == 1 && replaced.failures.map(\.reason) == [.tooLarge])
    }
  }

  @Test func tellsOfANameThatNoReplacementMayHave() throws {
    try TestServer.withStore { (connection) throws in
      _ = try connection.insert([["_id": "a"]], into: "c")
      let result = try connection.replace([["_id": "a", "$x": 1]], in: "c", upsert: true)
      #expect(result.failures.first?.message.contains("begins with $") == true)
    }
  }

  @Test func refusesBytesThatAreNoDocument() throws {
    try TestServer.withStore { (connection) throws in
      var bytes = (["_id": "a"] as BSONDocument).bytes + (["_id": "b"] as BSONDocument).bytes
      bytes.removeLast()
      let error = try TestServer.error {
        _ = try bytes.withUnsafeBytes { try connection.insert(contiguous: $0, into: "c") }
      }
      #expect(error.code == .badDocument)
      #expect(try connection.count(in: "c") == 0)
    }
  }

  @Test func doesNothingWithNothing() throws {
    try TestServer.withStore { (connection) throws in
      #expect(try connection.insert([], into: "c") == WriteResult())
      #expect(try connection.replace([], in: "c") == WriteResult())
      #expect(try connection.write([], in: "c") == WriteResult())
      #expect(try connection.delete(ids: [], from: "c") == 0)
      #expect(try connection.existing(ids: [], in: "c").isEmpty)
    }
  }

  @Test func replacesByIDAndLeavesAloneWhatIsAbsent() throws {
    try TestServer.withStore { (connection) throws in
      _ = try connection.insert([["_id": "a", "v": 1], ["_id": 7, "v": 1]], into: "c")
      let result = try connection.replace(
        [["_id": "a", "v": 2], ["_id": 7, "v": 1], ["_id": "z", "v": 9], ["v": 3]], in: "c")
      #expect(result.matched == 2 && result.modified == 1 && result.upserted == 0)
      #expect(result.failures.map(\.index) == [3])
      #expect(result.failures.first?.reason == .badDocument)
      let upserted = try connection.replace(
        [["_id": "z", "v": 9], ["_id": "a", "v": 3]], in: "c", upsert: true)
      #expect(upserted.upserted == 1 && upserted.modified == 1)
      #expect(try connection.count(in: "c") == 3)
    }
  }

  @Test func mixesWritesAndCountsEach() throws {
    try TestServer.withStore { (connection) throws in
      _ = try connection.insert(
        [["_id": "a", "v": 1], ["_id": "b", "v": 1], ["_id": "old", "v": 5]], into: "c")
      let result = try connection.write(
        [
          .insert(["_id": "new"]), .insert(["_id": "a"]),
          // An older version never overwrites a newer one: the filter keeps it out.
          .replace(filter: ["_id": "old", "v": ["$lt": 4]], with: ["_id": "old", "v": 4], upsert: false),
          .update(filter: ["v": 1], ["$set": ["seen": true]], upsert: false, many: true),
          .delete(filter: ["_id": "b"], many: false),
        ], in: "c")
      #expect(result.inserted == 1 && result.matched == 2 && result.modified == 2 && result.deleted == 1)
      #expect(result.failures.map(\.index) == [1])
      #expect(try connection.count(["v": 5], in: "c") == 1)
    }
  }

  @Test func deletesByID() throws {
    try TestServer.withStore { (connection) throws in
      _ = try connection.insert((0..<100).map { ["_id": .string("\($0)")] }, into: "c")
      #expect(try connection.delete(ids: (90..<110).map(String.init), from: "c") == 10)
      #expect(try connection.count(in: "c") == 90)
    }
  }

  @Test func namesTheFieldsOfAUniqueIndexAndNotTheirValues() throws {
    try TestServer.withStore { (connection) throws in
      try connection.createIndexes(
        [IndexDefinition(name: "npi", keys: ["npi": 1], isUnique: true)], on: "provider")
      let result = try connection.insert(
        [["_id": "a", "npi": "123"], ["_id": "b", "npi": "123"]], into: "provider")
      #expect(result.failures.first?.message == "another document has the same npi")
    }
  }

  @Test(
    arguments: [
      (["a": 1, "b": 1], "an index spans a and b, which are lists"),
      (["a": "hashed"], "a hashed index spans"),
      (["a": "2dsphere"], "an index of places"), (["c": "text"], "a text index takes a field"),
    ] as [(BSONFields, String)])
  func saysWhichIndexCannotTakeADocument(keys: BSONFields, expected: String) throws {
    try TestServer.withStore { (connection) throws in
      _ = try connection.command([
        "createIndexes": "c", "indexes": [["name": "of-the-application", "key": .document(keys)]],
      ])
      let result = try connection.insert(
        [["_id": "a", "a": ["Quill", "x"], "b": ["y", "z"], "c": "words", "language": "xx"]], into: "c")
      let message = try #require(result.failures.first?.message)
      #expect(message.hasPrefix(expected))
      #expect(!message.contains("Quill") && !message.contains("xx"))
    }
  }

  @Test func reportsWhatTheCollectionsRulesRefuse() throws {
    try TestServer.withStore { (connection) throws in
      try connection.createCollection("c", options: ["validator": ["n": ["$type": "int"]]])
      let result = try connection.insert([["_id": "a", "n": 1], ["_id": "b", "n": "x"]], into: "c")
      #expect(result.inserted == 1)
      #expect(result.failures.map(\.reason) == [.refusedByRules])
    }
  }
}
