import BSON
import DocumentStore
import FHIRMapping
import FHIRPipeline
import Foundation
import TestSupport
import Testing

/// Many resources that tell no version and move to other patients: more than are kept by themselves.
@Suite(.enabled(if: TestDatabase.mayRun)) struct ManyMovesTests {
  private static let patients = 12

  private func observation(_ number: Int, of patient: Int, _ value: Int = 0) -> String {
    #"{"resourceType":"Observation","id":"o\#(number)","status":"final","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient/p\#(patient)"},"valueInteger":\#(value)}"#
  }

  private func condition(_ number: Int, of patient: Int) -> String {
    #"{"resourceType":"Condition","id":"o\#(number)","subject":{"reference":"Patient/p\#(patient)"}}"#
  }

  private func coverage(_ number: Int, of patient: Int) -> String {
    #"{"resourceType":"Coverage","id":"c\#(number)","status":"active","beneficiary":{"reference":"Patient/p\#(patient)"},"#
      + #""payor":[{"display":"P"}]}"#
  }

  private var people: [String] {
    (0..<Self.patients).map { patient($0) }
  }

  private func patient(_ number: Int) -> String {
    #"{"resourceType":"Patient","id":"p\#(number)","name":[{"family":"Bee"}]}"#
  }

  private func run(
    _ lines: [String], _ layout: ChartLayout, _ source: String, _ database: TestDatabase
  ) throws -> (run: ImportRun, inputs: [InputFile]) {
    let file = database.folder.appending(path: "in.ndjson")
    try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file)
    var run = ImportRun(mappings: try MappingSet.builtIn(), collections: [:])
    run.showsProgress = false
    run.chart = layout
    run.source = source
    run.mostKeptMoves = 20
    if layout != .embedded { run.chartPageEntries = 15 }
    run.quarantinePath = database.folder.appending(path: "quarantine.ndjson").path
    return (run, try InputFile.find([file.path]))
  }

  private func load(_ lines: [String], _ layout: ChartLayout, _ source: String, into database: TestDatabase)
    throws
    -> ImportSummary
  {
    let (run, inputs) = try run(lines, layout, source, database)
    let outcome = try run.run(inputs, store: database.store)
    #expect(outcome.failure == nil)
    #expect(outcome.summary.total.quarantined == 0)
    return outcome.summary
  }

  /// All documents without what tells where they came from.
  private func documents(_ database: TestDatabase) throws -> [String: BSONFields] {
    func bare(_ document: BSONFields) -> BSONFields {
      var document = document.withoutHistory
      if let chart = document["patient_chart"]?.fields {
        document["patient_chart"] = .document(bare(chart))
      }
      return document
    }
    var all: [String: BSONFields] = [:]
    for collection in ["patient", "patient_chart", "resource"] {
      for (id, fields) in try database.documents(collection) { all[collection + "/" + id] = bare(fields) }
    }
    return all
  }

  @Test(arguments: [
    (ChartLayout.collection, ""), (.embedded, ""), (.both, ""), (.collection, "north"),
  ])
  func `each stands in one document afterwards`(layout: ChartLayout, source: String) throws {
    let database = try TestDatabase()
    let count = Self.patients
    // Of a patient who is not there yet, too.
    var before = people + (0..<150).map { observation($0, of: $0 % (count + 1)) }
    before += (0..<60).map { condition($0, of: $0 % count) } + (0..<40).map { coverage($0, of: $0 % count) }
    _ = try load(before, layout, source, into: database)
    // A third moves, a third stays, what is new comes besides; an observation and a condition have the same id.
    func owner(_ number: Int) -> Int {
      number.isMultiple(of: 3) ? (number + 5) % count : number % (count + 1)
    }
    var after = people + [patient(count)]
    after += (0..<300).map { observation($0, of: owner($0), $0 % 7 == 0 ? 1 : 0) }
    after += (0..<60).map { condition($0, of: $0.isMultiple(of: 4) ? ($0 + 1) % count : $0 % count) }
    after += (0..<80).map { coverage($0, of: $0.isMultiple(of: 5) ? ($0 + 2) % count : $0 % count) }
    // A plan foresees what leaves, of all of them.
    let (planned, inputs) = try run(after, layout, source, database)
    let plan = try PlanRun(planned).run(inputs, store: database.store)
    let leaving = plan.documents.values.joined().flatMap(\.leaving)
    #expect(Set(leaving).count == leaving.count)
    let moved = (0..<150).count { owner($0) != $0 % (count + 1) }
    #expect(moved > 40 && leaving.count { $0.hasPrefix("Observation/") } == moved)
    #expect(leaving.count { $0.hasPrefix("Condition/") } == 15)
    #expect(leaving.count { $0.hasPrefix("Coverage/") } == 8)
    _ = try load(after, layout, source, into: database)
    let fresh = try TestDatabase()
    _ = try load(after, layout, source, into: fresh)
    let (found, whole) = (try documents(database), try documents(fresh))
    #expect(found.keys.sorted() == whole.keys.sorted())
    for (id, document) in whole { #expect(found[id] == document, "\(id)") }
    let again = try load(after, layout, source, into: database)
    #expect(again.total.unchanged == again.total.read)
    #expect(try documents(database) == whole)
  }

  @Test func `another hospital's resources of the same ids stay`() throws {
    let database = try TestDatabase()
    let lines = people + (0..<60).map { observation($0, of: $0 % Self.patients) }
    _ = try load(lines, .collection, "north", into: database)
    let north = try documents(database)
    let moved = people + (0..<60).map { observation($0, of: ($0 + 1) % Self.patients) }
    for _ in 0..<2 { _ = try load(moved, .collection, "", into: database) }
    _ = try load(lines, .collection, "", into: database)
    let all = try documents(database)
    for (id, document) in north { #expect(all[id] == document, "\(id)") }
    #expect(all.count == 2 * north.count)
  }
}
