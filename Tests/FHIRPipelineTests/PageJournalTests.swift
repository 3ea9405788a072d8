import BSON
import DocumentStore
import FHIRMapping
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import FHIRPipeline

/// Whose a change of a document's pages is: that of who is at it, of whatever machine, as long as it says so by the server's clock.
@Suite(.enabled(if: TestDatabase.mayRun)) struct PageJournalTests {
  private static let elsewhere = {
    var process = ImportingProcess.current
    process.host += "-other"
    return process.text
  }()

  private final class Flag: Sendable { let value = Mutex(false) }

  private let place = DocumentPlace(collection: "patient_chart")

  /// Notes a change of another machine's process.
  private func note(_ database: TestDatabase, secondsAgo: Int64?) throws {
    try database.store.withConnection { connection in
      let note: BSONFields = [
        "_id": "patient_chart/p", "collection": "patient_chart", "pages_in": "patient_chart", "document": "p",
        "process": .string(Self.elsewhere), "number": .int64(1), "pages": 2, "hash": "new",
      ]
      #expect(try connection.insert([try BSONDocument(note)], into: PageJournal.collection).inserted == 1)
      // A page that it was about to overwrite.
      let copy: BSONFields = [
        "_id": "patient_chart/p 0", "of": "patient_chart/p", "page": ["_id": "p#2", "text": "before"],
      ]
      #expect(try connection.insert([try BSONDocument(copy)], into: PageJournal.collection).inserted == 1)
      let documents: [BSONFields] = [
        ["_id": "p", "_fhirline": ["hash": "old", "pages": 2]], ["_id": "p#2", "text": "after"],
      ]
      #expect(
        try connection.insert(try documents.map { try BSONDocument($0) }, into: "patient_chart").inserted == 2
      )
      if let secondsAgo { try age(secondsAgo, connection) }
    }
  }

  private func age(_ seconds: Int64, _ connection: borrowing StoreConnection) throws {
    _ = try connection.command(
      try BSONDocument([
        "update": .string(PageJournal.collection),
        "updates": [
          [
            "q": ["_id": "patient_chart/p"],
            "u": [["$set": ["renewed": ["$subtract": ["$$NOW", .int64(seconds * 1000)]]]]],
          ]
        ],
      ]))
  }

  private func text(_ database: TestDatabase) throws -> String? {
    try database.documents("patient_chart")["p#2"]?["text"]?.text
  }

  @Test(arguments: [nil, 5] as [Int64?])
  func `who is slow elsewhere is waited for`(secondsAgo: Int64?) throws {
    let database = try TestDatabase()
    try note(database, secondsAgo: secondsAgo)
    let isThrough = Flag()
    try database.store.withConnection { connection in try PageJournal.recover(connection) }
    #expect(try text(database) == "after")
    let waiting = WorkerThread { [place] in
      try? database.store.withConnection { connection in
        try PageJournal(place: place).change("p", connection) { _ in isThrough.value.withLock { $0 = true } }
      }
    }
    usleep(700_000)
    #expect(!isThrough.value.withLock { $0 })
    #expect(try text(database) == "after")
    // One that an earlier version of the program made counts from when it was found.
    let note = try database.documents(PageJournal.collection)["patient_chart/p"]
    guard case .date = note?["renewed"] else {
      Issue.record("the note has no date")
      return
    }
    // It ends its change.
    try database.store.withConnection { connection in
      _ = try connection.write([.delete(filter: [:], many: true)], in: PageJournal.collection)
    }
    waiting.join()
    #expect(isThrough.value.withLock { $0 })
    #expect(try text(database) == "after")
  }

  @Test func `who would change a few pages in a transaction waits for who changes them without`() throws {
    let database = try TestDatabase()
    try #require(database.store.server.hasTransactions)
    let assembler = DocumentAssembler(mappings: try MappingSet.builtIn(), pageBytes: 2000)
    @Sendable func parts(_ range: Range<Int>) throws -> [Part] {
      try range.map { number in
        let text = String(repeating: "x", count: 200)
        let key = "Observation/o\(number)"
        let bytes = try BSONDocument([
          "resourceType": "Observation", "id": .string("o\(number)"), "valueString": .string(text),
        ]).shared
        return Part(
          kind: .chart, documentID: "p",
          content: .section("observations", Part.Resource(key: key, bytes: bytes)))
      }
    }
    _ = try database.load(assembler, [try parts(0..<20)])
    let before = try database.documents("patient_chart")
    #expect((2...20).contains(before.count))
    try database.store.withConnection { connection in
      let note: BSONFields = [
        "_id": "patient_chart/p", "collection": "patient_chart", "pages_in": "patient_chart", "document": "p",
        "process": .string(Self.elsewhere), "number": .int64(1),
      ]
      #expect(try connection.insert([try BSONDocument(note)], into: PageJournal.collection).inserted == 1)
      try age(5, connection)
    }
    let waiting = WorkerThread { _ = try? database.load(assembler, [parts(20..<21)]) }
    usleep(700_000)
    #expect(try database.documents("patient_chart") == before)
    try database.store.withConnection { connection in
      _ = try connection.write([.delete(filter: [:], many: true)], in: PageJournal.collection)
    }
    waiting.join()
    let after = try database.documents("patient_chart")
    #expect(after != before)
    #expect(after.values.reduce(0) { $0 + ($1["observations"]?.elements?.count ?? 0) } == 21)
  }

  @Test func `what broke off elsewhere is put right after two minutes`() throws {
    for recovers in [true, false] {
      let database = try TestDatabase()
      try note(database, secondsAgo: 125)
      try database.store.withConnection { connection in
        if recovers {
          try PageJournal.recover(connection)
        } else {
          try PageJournal(place: place).change("p", connection) { _ in }
        }
      }
      #expect(try text(database) == "before")
      #expect(try database.documents(PageJournal.collection).isEmpty)
    }
  }

  @Test func `who holds a note renews it, and finds out when it is another's`() throws {
    let database = try TestDatabase()
    try database.store.withConnection { connection in
      let end = Result {
        try PageJournal(place: place).change("p", connection) { change in
          #expect(try change.begin(hash: "h", pages: ["p", "p#2", "p#3"], over: [], connection))
          try age(100_000, connection)
          // It was renewed not long ago.
          change.renewed += 100_000
          try change.hold(connection)
          #expect(try isOld(connection))
          change.renewed -= 200_000
          try change.hold(connection)
          #expect(try !isOld(connection))
          // It hung, and another machine has taken it for gone.
          _ = try connection.write(
            [
              .update(
                filter: ["_id": "patient_chart/p"],
                try BSONDocument(["$set": ["process": .string(Self.elsewhere)]]),
                upsert: false, many: false)
            ], in: PageJournal.collection)
          change.renewed -= 200_000
          try change.hold(connection)
        }
      }
      guard case .failure(CollectionLoader.Setback.changed) = end else {
        Issue.record("it writes on: \(end)")
        return
      }
    }
    // The note is the other's to end.
    #expect(try database.documents(PageJournal.collection).count == 1)
  }

  private func isOld(_ connection: borrowing StoreConnection) throws -> Bool {
    try connection.count(
      try BSONDocument(BSONFields.isPast("renewed", milliseconds: 50_000_000)), in: PageJournal.collection)
      == 1
  }
}
