import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// Imports of one input into databases of their own, each disturbed, and compared with one that was not.
final class Torture {
  private let workspace: Workspace
  private let input: TortureInput
  /// What is in the database before an import, and after one that is not disturbed.
  private let before: [String: [BSONDocument]]
  private let whole: [String: [BSONDocument]]
  /// How long an import takes that is not disturbed, and how many bytes it sends to the server.
  private let seconds: Double
  private let bytes: Int
  private let server: UInt16
  private var random: SeededGenerator
  private(set) var landings = Landings()

  /// What was there when imports were killed.
  struct Landings {
    /// Not even the note of the import.
    var beforeNote = 0
    /// The note, and nothing of what was to be loaded.
    var beforeDocuments = 0
    /// Some documents as they are at the end, or gone as they are to go.
    var amidDocuments = 0
    /// All documents, in an import that had not come to its end.
    var afterDocuments = 0
    /// How many of the documents were there, in tenths.
    var tenths = [Int](repeating: 0, count: 10)
  }

  /// Where an import is disturbed.
  enum Moment: CustomStringConvertible {
    case seconds(Double)
    case bytes(Int)

    var description: String {
      switch self {
      case .seconds(let seconds): "after \(seconds) s"
      case .bytes(let count): "after \(count) bytes"
      }
    }
  }

  init(_ input: TortureInput) throws {
    self.input = input
    random = .ofTest("torture \(input)")
    server = try #require(Wire.testServer)
    workspace = try Workspace()
    try input.write(into: workspace)
    try Torture.prepare(workspace, workspace)
    before = try Torture.contents(of: workspace.database)
    let wire = try Wire(to: server)
    defer { wire.close() }
    let started = Date()
    let outcome = try Torture.start(workspace, workspace, uri: wire.uri).outcome()
    seconds = Date().timeIntervalSince(started)
    bytes = wire.sent
    // Some resources are set aside.
    try #require(outcome.status == 1, "\(outcome.errors)")
    whole = try Torture.contents(of: workspace.database)
    #expect(whole["patient"]?.count == input.documents)
    // Six in seven patients refer to an organization that never comes.
    #expect((whole["fhirline_waiting"]?.count ?? 0) > TortureInput.patients / 2)
  }

  /// Loads what was there before.
  private static func prepare(_ input: Workspace, _ target: Workspace) throws {
    guard FileManager.default.fileExists(atPath: input.path("earlier")) else { return }
    let outcome = try start(input, target, folder: "earlier").outcome()
    #expect(outcome.status == 1, "\(outcome.errors)")
  }

  private static func start(
    _ input: Workspace, _ target: Workspace, folder: String = "in", uri: String? = nil
  ) throws -> RunningProgram {
    var environment = ["FHIRLINE_DATABASE": target.database]
    environment["MONGODB_URI"] = uri
    return try RunningProgram(
      [
        "import", input.path(folder), "--config", input.path("pipeline.yml"), "--no-progress",
        "--workers", "2", "--quarantine", target.path("quarantine.ndjson"),
      ], environment: environment)
  }

  /// A random moment of one part of the import: of the bytes that it sends, which are the documents mostly; of its time, for every
  /// fourth part, which is reading before.
  func moment(part: Int, of parts: Int) -> Moment {
    let share = (Double(part) + Double.random(in: 0..<1, using: &random)) / Double(parts)
    return part % 4 == 3
      ? .seconds(seconds * Double.random(in: 0..<1, using: &random)) : .bytes(Int(Double(bytes) * share))
  }

  /// Kills an import, once or twice, runs it again to its end, and compares.
  func kill(_ moments: [Moment]) throws {
    let target = try Workspace()
    try Torture.prepare(workspace, target)
    var killed = 0
    for moment in moments {
      guard let outcome = try disturb(target, moment, SIGKILL) else { break }
      // One that was done before is compared all the same, and not counted.
      if outcome.status == 1 { break }
      #expect(outcome.status == 128 + SIGKILL, "\(outcome.errors)")
      killed += 1
      if killed == 1 { note(try Torture.contents(of: target.database)) }
    }
    try finish(target, "\(input.rawValue), killed \(moments) of \(seconds) s and \(bytes) bytes")
  }

  /// Tells an import to stop; one that is done before is no test.
  func stop(_ signal: Int32) throws {
    for _ in 0..<20 {
      let target = try Workspace()
      try Torture.prepare(workspace, target)
      let moment = moment(part: Int.random(in: 0..<4, using: &random), of: 4)
      guard let outcome = try disturb(target, moment, signal),
        outcome.status != 1, outcome.status != 128 + signal
      else { continue }
      #expect(outcome.status == 3, "\(outcome.errors)")
      return try finish(target, "\(input.rawValue), signal \(signal) \(moment) of \(seconds) s")
    }
    Issue.record("no import could be stopped")
  }

  private func disturb(_ target: Workspace, _ moment: Moment, _ signal: Int32) throws -> Program.Outcome? {
    let wire = try Wire(to: server)
    defer { wire.close() }
    if case .bytes(let count) = moment { wire.hold(afterBytes: count) }
    let program = try Torture.start(workspace, target, uri: wire.uri)
    switch moment {
    case .seconds(let seconds): Thread.sleep(forTimeInterval: seconds)
    case .bytes: while program.isRunning, !wire.isHolding { usleep(300) }
    }
    program.send(signal)
    // What a program has handed over goes on its way after its end, or is lost with its machine.
    if signal != SIGKILL || Bool.random(using: &random) { wire.release() }
    return try program.outcome()
  }

  private func finish(_ target: Workspace, _ label: Comment) throws {
    let again = try Torture.start(workspace, target).outcome()
    #expect(again.status == 1, "\(label)\n\(again.errors)")
    try Torture.compare(try Torture.contents(of: target.database), whole, label)
  }

  /// Counts where an import was killed.
  private func note(_ part: [String: [BSONDocument]]) {
    var (there, all) = (0, 0)
    for name in Set(whole.keys).union(before.keys) where !name.hasPrefix("fhirline_") {
      func bytes(_ contents: [String: [BSONDocument]]) -> Set<[UInt8]> {
        Set((contents[name] ?? []).map { document in document.withView { Array($0.bytes) } })
      }
      let (first, found, last) = (bytes(before), bytes(part), bytes(whole))
      let (coming, going) = (last.subtracting(first), first.subtracting(last))
      all += coming.count + going.count
      there += coming.intersection(found).count + going.subtracting(found).count
    }
    let notes = part["fhirline_run"]?.count ?? 0
    switch there {
    case all: landings.afterDocuments += 1
    case 1...: landings.amidDocuments += 1
    default:
      if notes < whole["fhirline_run"]?.count ?? 0 {
        landings.beforeNote += 1
      } else {
        landings.beforeDocuments += 1
      }
    }
    if (1..<all).contains(there) { landings.tenths[there * 10 / all] += 1 }
  }

  func tell() {
    print(
      "torture: \(input.rawValue), an import takes \(seconds) s and sends \(bytes) bytes; killed before its note "
        + "\(landings.beforeNote) times, before its first document \(landings.beforeDocuments), amid documents "
        + "\(landings.amidDocuments) (by tenths \(landings.tenths)), after its last \(landings.afterDocuments)"
    )
  }

  /// Expects that one import, which came to its end, left the same documents as another.
  static func compare(
    _ found: [String: [BSONDocument]], _ whole: [String: [BSONDocument]], _ label: Comment
  ) throws {
    #expect(found.keys.sorted() == whole.keys.sorted(), label)
    for (name, documents) in whole where name != "fhirline_run" {
      let others = found[name] ?? []
      #expect(others.count == documents.count, "\(name): \(label)")
      if let (one, other) = zip(documents, others).first(where: { $0 != $1 }) {
        Issue.record("\(name): \(label)\n\(try one.fields())\n\(try other.fields())")
      }
    }
    let notes = try #require(found["fhirline_run"])
    #expect(notes.count == whole["fhirline_run"]?.count, label)
    for note in notes {
      #expect(try note.withView { try $0.find("finished") != nil && $0.find("stopped") == nil }, label)
    }
  }

  /// All that is in a database, in the order of `_id`.
  static func contents(of database: String) throws -> [String: [BSONDocument]] {
    let uri = try #require(ProcessInfo.processInfo.environment["MONGODB_URI"])
    return try contents(DocumentStore(uri: uri, databaseName: database))
  }

  static func contents(_ store: DocumentStore) throws -> [String: [BSONDocument]] {
    var found: [String: [BSONDocument]] = [:]
    try store.withConnection { connection in
      for name in try connection.collectionNames() {
        var documents: [BSONDocument] = []
        try connection.find(in: name, options: FindOptions(sort: ["_id": 1])) { document in
          documents.append(BSONDocument(copying: document))
        }
        if !documents.isEmpty { found[name] = documents }
      }
    }
    return found
  }
}
