import BSON
import Foundation
import TestSupport
import Testing

/// Imports that run at the same time, of the same input or of parts that refer to each other, leave what one after the other leaves.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct ConcurrentImportTests {
  /// What a database holds, without what tells which import brought it.
  private func contents(_ workspace: Workspace) throws -> [String: [BSONFields]] {
    var found: [String: [BSONFields]] = [:]
    for (name, documents) in try Torture.contents(of: workspace.database) where name != "fhirline_run" {
      found[name] = try documents.map { try strip($0.fields(), name) }
    }
    return found
  }

  private func strip(_ document: BSONFields, _ collection: String) -> BSONFields {
    var document = document
    if collection == "fhirline_waiting" { document["run"] = nil }
    return document.withoutHistory
  }

  private func expectEqual(_ found: [String: [BSONFields]], _ whole: [String: [BSONFields]], _ label: Comment)
  {
    #expect(found.keys.sorted() == whole.keys.sorted(), label)
    for (name, documents) in whole {
      let others = found[name] ?? []
      #expect(others.count == documents.count, "\(name): \(label)")
      if let (one, other) = zip(others, documents).first(where: { $0 != $1 }) {
        Issue.record("\(name): \(label)\n\(one)\n\(other)")
      }
    }
  }

  private func start(_ input: Workspace, _ folder: String, _ target: Workspace) throws -> RunningProgram {
    try RunningProgram(
      [
        "import", input.path(folder), "--no-progress", "--summary", "json", "--quarantine",
        target.path(folder + "/q.ndjson"),
      ], environment: ["FHIRLINE_DATABASE": target.database])
  }

  private static let rounds =
    ProcessInfo.processInfo.environment["FHIRLINE_TORTURE"].flatMap { Int($0) } ?? 3

  @Test(arguments: [TortureInput.bundles, .bulk]) func `of the same input`(input: TortureInput) throws {
    let source = try Workspace()
    try input.write(into: source)
    let one = try Workspace()
    #expect(try start(source, "in", one).outcome().status == 1)
    let whole = try contents(one)
    for _ in 0..<ConcurrentImportTests.rounds {
      let target = try Workspace()
      let programs = try (0..<2).map { _ in try start(source, "in", target) }
      for program in programs {
        let outcome = try program.outcome()
        #expect(outcome.status == 1, "\(outcome.errors)")
        let summary = try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
        #expect(summary.read == summary.accounted)
      }
      expectEqual(try contents(target), whole, "the same at once, \(input)")
    }
  }

  @Test func `of parts that refer to each other`() throws {
    let source = try Workspace()
    try TortureInput.bulk.write(into: source)
    for (folder, types) in [
      ("one", ["Patient", "Appointment", "Condition", "Location"]),
      ("two", ["Practitioner", "Encounter", "Observation", "Organization", "Basic"]),
    ] {
      for type in types {
        try source.write("\(folder)/\(type).ndjson", try source.read("in/\(type).ndjson"))
      }
    }
    let sequence = try Workspace()
    for folder in ["one", "two"] {
      let outcome = try start(source, folder, sequence).outcome()
      #expect(outcome.status < 2, "\(outcome.errors)")
    }
    let whole = try contents(sequence)
    var random = SeededGenerator.ofTest("parts at once")
    for round in 0..<ConcurrentImportTests.rounds {
      let target = try Workspace()
      let first = try start(source, round.isMultiple(of: 2) ? "one" : "two", target)
      usleep(UInt32.random(in: 0..<300_000, using: &random))
      let second = try start(source, round.isMultiple(of: 2) ? "two" : "one", target)
      for program in [first, second] {
        let outcome = try program.outcome()
        #expect(outcome.status < 2, "\(outcome.errors)")
      }
      expectEqual(try contents(target), whole, "parts at once")
    }
  }
}
