import BSON
import DocumentStore
import FHIRMapping
import Foundation
import Testing

@testable import FHIRPipeline

/// What imports of one database tell each other of: who is under way, who is gone, and who goes on with what another left.
@Suite(.enabled(if: TestDatabase.mayRun)) struct RunRecordTests {
  private func record(_ database: TestDatabase, input: String = "mine") -> RunRecord {
    RunRecord(files: ["a"], input: input, rules: nil, source: "", store: database.store)
  }

  private func other(_ change: (inout ImportingProcess) -> Void) -> String {
    var process = ImportingProcess.current
    change(&process)
    return process.text
  }

  /// Notes an import of another process as that would.
  private func note(
    _ number: Int32, of process: String, in database: TestDatabase, _ more: BSONFields = [:],
    aliveBefore seconds: Int64? = nil
  ) throws {
    try database.store.withConnection { connection in
      let fields: BSONFields = [
        "_id": .int32(number), "input": "other", "process": .string(process), "files": ["b"],
        "started": "2024-01-01T00:00:00Z",
      ]
      let result = try connection.insert(
        [try BSONDocument(fields.merging(more))], into: ImportRun.runCollection)
      #expect(result.inserted == 1)
      guard let seconds else { return }
      _ = try connection.command(
        try BSONDocument([
          "update": .string(ImportRun.runCollection),
          "updates": [
            [
              "q": ["_id": .int32(number)],
              "u": [["$set": ["alive": ["$subtract": ["$$NOW", .int64(seconds * 1000)]]]]],
            ]
          ],
        ]))
    }
  }

  private func expect(_ isTrue: Bool, _ record: RunRecord) throws {
    _ = try record.number()
    let hasCompany = try record.hasCompany()
    #expect(hasCompany == isTrue)
    _ = record.finish(ImportSummary(), isWhole: true)
  }

  @Test func `one that was resumed and has ended is no company, for none that comes later`() throws {
    let database = try TestDatabase()
    let gone = other { $0.started = "1" }
    try note(1, of: gone, in: database, ["finished": "2024", "resumed": "2024", "resumed_after": 1])
    try note(2, of: gone, in: database, ["finished": "2024", "resumed": "2024"])
    try expect(false, record(database))
    try expect(false, record(database))
  }

  @Test func `one that begins or goes on meanwhile is company`() throws {
    let database = try TestDatabase()
    let gone = other { $0.started = "1" }
    try note(1, of: gone, in: database)
    let first = record(database)
    let number = try first.number()
    #expect(number == 2)
    #expect(try !first.hasCompany())
    // It goes on with what the first left, and ends.
    let resumed = record(database, input: "other")
    #expect(try resumed.number() == 1 && resumed.goesOn)
    #expect(try resumed.hasCompany())
    #expect(resumed.finish(ImportSummary(), isWhole: true) == nil)
    try expect(true, first)
    let second = record(database, input: "second")
    #expect(try second.number() == 2)
    try note(3, of: gone, in: database, ["finished": "2024"])
    try expect(true, second)
  }

  @Test func `one that comes and goes before this one is noted is company`() throws {
    for _ in 0..<10 {
      let database = try TestDatabase()
      let mine = record(database)
      try note(50, of: other { $0.started = "1" }, in: database, ["finished": "2024"])
      try expect(true, mine)
    }
  }

  @Test func `one of another machine is under way as long as it says so`() throws {
    let database = try TestDatabase()
    let elsewhere = other { $0.host += "-other" }
    try note(1, of: elsewhere, in: database, aliveBefore: 5)
    try expect(true, record(database))
    // It does not go on with that one's work.
    let same = record(database, input: "other")
    #expect(try same.number() == 2 && !same.goesOn)
    _ = same.finish(ImportSummary(), isWhole: true)

    let silent = try TestDatabase()
    try note(1, of: elsewhere, in: silent, aliveBefore: 130)
    try expect(false, record(silent))
    let next = record(silent, input: "other")
    #expect(try next.number() == 1 && next.goesOn)
    #expect(try !next.hasCompany())
    let notes = try silent.documents("fhirline_run")
    #expect(notes.values.first?["process"]?.text == ImportingProcess.current.text)
    _ = next.finish(ImportSummary(), isWhole: true)
    // Of an import by an earlier version nothing is known.
    let earlier = try TestDatabase()
    try note(1, of: elsewhere, in: earlier)
    try expect(true, record(earlier))
  }

  @Test func `an import says that it is alive`() throws {
    let database = try TestDatabase()
    let own = record(database)
    let number = try own.number()
    func alive() throws -> Int64 {
      guard case .date(let time) = try database.documents("fhirline_run").values.first?["alive"] else {
        return 0
      }
      return time
    }
    let first = try alive()
    #expect(first > 0)
    usleep(5_000)
    try database.store.withConnection { connection in try RunHeartbeat.beat(number, connection) }
    #expect(try alive() > first)
    _ = own.finish(ImportSummary(), isWhole: true)
  }

  @Test func `many names are found at once as they are one by one`() throws {
    let database = try TestDatabase()
    func patient(_ id: String, _ identifiers: [(String?, String)]) -> String {
      let all = identifiers.map { system, value in
        (system.map { #"{"system":"\#($0)","# } ?? "{") + #""value":"\#(value)"}"#
      }
      return #"{"resourceType":"Patient","id":"\#(id)","identifier":[\#(all.joined(separator: ","))]}"#
    }
    let lines =
      (0..<700).map { patient("p\($0)", [("urn:x", "\($0)"), ("urn:twice", "\($0 / 2)")]) } + [
        patient("0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002", [(nil, "bare"), ("urn:a|b", "c|d")])
      ]
    _ = try database.importFiles([("p.ndjson", lines.joined(separator: "\n"))])
    var names = (0..<800).map { "Patient?identifier=urn:x|\($0)" }
    names += (0..<50).map { "Patient?identifier=urn:twice|\($0)" }
    names += (0..<5).map { "Patient?identifier=|\($0)" }
    names += [
      "Patient?identifier=|bare", "Patient?identifier=urn:a|b|c|d", "Practitioner?identifier=urn:x|1",
      "urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f002", "urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f003",
      "http://example.org/fhir/Patient/p1",
    ]
    let mappings = try MappingSet.builtIn()
    let states = StoredStates(store: database.store, collections: [:], makes: false)
    let items = SectionItems(store: database.store, homes: mappings.homes, prefix: "") {
      states.place(of: $0)
    }
    let (one, many) = (
      StoredTargets(store: database.store, mappings: mappings, collections: [:], items: items),
      StoredTargets(store: database.store, mappings: mappings, collections: [:], items: items)
    )
    many.look(for: names)
    var found = 0
    for name in names {
      #expect(one.target(named: name) == many.target(named: name), "\(name)")
      if many.target(named: name) != nil { found += 1 }
    }
    #expect(found > 700)
    #expect(one.failure == nil && many.failure == nil)
  }
}
