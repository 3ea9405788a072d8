import BSON
import DocumentStore
import Testing

@Suite(.enabled(if: TestServer.mayRun, "MONGODB_URI is not set"))
struct ReadingTests {
  private static func numbers(_ range: Range<Int>) -> BSONBatch {
    BSONBatch(
      range.map { number in
        ["_id": .string("id\(number)"), "n": .int32(Int32(number)), "hash": .int64(Int64(number) << 33)]
      })
  }

  @Test func streamsManyDocumentsInTheOrderAskedFor() throws {
    try TestServer.withStore { (connection) throws in
      _ = try connection.insert(Self.numbers(0..<20_000), into: "c")
      var expected: Int32 = 20_000
      try connection.find(in: "c", options: FindOptions(sort: ["n": -1], batchSize: 1_000)) {
        (view: BSONView) throws in
        expected -= 1
        #expect(try view.find("n")?.int32 == expected)
      }
      #expect(expected == 0)
    }
  }

  @Test func findsByManyIDsAndGivesOnlyTheFieldsAskedFor() throws {
    try TestServer.withStore { (connection) throws in
      _ = try connection.insert(Self.numbers(0..<12_000), into: "c")
      var seen = 0
      try connection.find(
        ids: (6_000..<20_000).map { "id\($0)" }, in: "c", projection: ["hash": 1]
      ) { (view: BSONView) throws in
        seen += 1
        let id = try #require(try view.find("_id")?.text)
        #expect(try view.find("hash")?.int64 == Int64(id.dropFirst(2)).map { $0 << 33 })
        #expect(try view.find("n") == nil)
      }
      #expect(seen == 6_000)
      #expect(try connection.existing(ids: ["id1", "nobody", "id2"], in: "c") == ["id1", "id2"])
    }
  }

  @Test func filtersLimitsAndSkips() throws {
    try TestServer.withStore { (connection) throws in
      _ = try connection.insert(Self.numbers(0..<100), into: "c")
      var seen: [Int32] = []
      try connection.find(
        ["n": ["$gte": 50]], in: "c", options: FindOptions(sort: ["n": 1], limit: 3, skip: 2)
      ) { view in seen.append(try #require(try view.find("n")?.int32)) }
      #expect(seen == [52, 53, 54])
      #expect(try connection.count(["n": ["$gte": 50]], in: "c") == 50)
      #expect(try connection.count(in: "nothing") == 0)
    }
  }

  @Test func stopsWhenTheReaderThrows() throws {
    struct Enough: Error {}
    try TestServer.withStore { (connection) throws in
      _ = try connection.insert(Self.numbers(0..<100), into: "c")
      var seen = 0
      #expect(throws: Enough.self) {
        try connection.find(in: "c") { _ in
          seen += 1
          if seen == 5 { throw Enough() }
        }
      }
      #expect(seen == 5)
    }
  }

  @Test func reportsAFilterThatMongoDBDoesNotKnow() throws {
    try TestServer.withStore { (connection) throws in
      let error = try TestServer.error { try connection.find(["n": ["$nonsense": 1]], in: "c") { _ in } }
      #expect(error.code == .commandFailed && error.serverCode == 2)
      #expect(error.message == "MongoDB refused the operation (BadValue, error 2)")
      #expect(error.serverMessage?.contains("$nonsense") == true)
    }
  }

  @Test func aggregates() throws {
    try TestServer.withStore { (connection) throws in
      _ = try connection.insert(Self.numbers(0..<10), into: "c")
      var cursor = try connection.aggregate([["$group": ["_id": nil, "sum": ["$sum": "$n"]]]], in: "c")
      let sum = try cursor.next()?.find("sum")?.integer
      #expect(sum == 45)
      let more = try cursor.next() != nil
      #expect(!more)
    }
  }

  @Test func createsIndexesAndCollectionsOnce() throws {
    try TestServer.withStore { (connection) throws in
      let index = IndexDefinition(name: "by_n", keys: ["n": 1, "hash": -1], isSparse: true)
      try connection.createIndexes([index], on: "c")
      try connection.createIndexes([index], on: "c")
      try connection.createCollection("c")
      try connection.createCollection("d")
      #expect(try connection.collectionNames() == ["c", "d"])
      var other = index
      other.isUnique = true
      let error = try TestServer.error { try connection.createIndexes([other], on: "c") }
      #expect(error.code == .indexConflict)
      try connection.drop("c")
      try connection.drop("c")
      #expect(try connection.collectionNames() == ["d"])
    }
  }

  @Test func coversOnlyWhatAPartialIndexAsksFor() throws {
    try TestServer.withStore { (connection) throws in
      let index = IndexDefinition(
        name: "u", keys: ["k": 1], isUnique: true, partialFilter: ["k": ["$exists": true]])
      try connection.createIndexes([index], on: "c")
      let result = try connection.insert(
        [["_id": 1], ["_id": 2], ["_id": 3, "k": 1], ["_id": 4, "k": 1]], into: "c")
      #expect(result.inserted == 3 && result.failures.map(\.index) == [3])
    }
  }

  @Test func refusesNamesThatNoCollectionMayHave() throws {
    try TestServer.withStore { (connection) throws in
      for name in ["", "a$b", "a\u{0}b"] {
        let error = try TestServer.error { _ = try connection.count(in: name) }
        #expect(error.code == .commandFailed)
      }
    }
  }
}
