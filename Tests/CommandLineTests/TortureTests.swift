import BSON
import DocumentStore
import Foundation
import Testing

/// An import that ends before its end, and is run again, leaves what one leaves that nobody disturbed: byte by byte.
///
/// `make torture` kills 100 times, FHIRLINE_TORTURE says how often otherwise.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct TortureTests {
  static let kills = ProcessInfo.processInfo.environment["FHIRLINE_TORTURE"].flatMap { Int($0) } ?? 10

  @Test(arguments: TortureInput.allCases)
  func `killed at random moments`(input: TortureInput) throws {
    let torture = try Torture(input)
    for number in 0..<max(1, TortureTests.kills / TortureInput.allCases.count) {
      try torture.attempt(SIGKILL, isKilledTwice: number % 3 == 2)
    }
    torture.tell()
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `told to stop, it ends in order`(signal: Int32) throws {
    for input in TortureInput.allCases { try Torture(input).attempt(signal) }
  }

  @Test(.enabled(if: OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"), arguments: [false, true])
  func `the server is killed at a random moment`(comesBackAtOnce: Bool) throws {
    let workspace = try Workspace()
    try TortureInput.bulk.write(into: workspace)
    let server = try OwnServer(folder: workspace.path("data"))
    let store = try server.store(database: "whole")
    func start(_ database: String) throws -> RunningProgram {
      let patience = "serverSelectionTimeoutMS=\(comesBackAtOnce ? 30_000 : 1000)"
      return try RunningProgram(
        [
          "import", workspace.path("in"), "--no-progress", "--quarantine",
          workspace.path("quarantine.ndjson"),
        ],
        environment: ["MONGODB_URI": server.uri(database: database, patience)])
    }
    let started = Date()
    let first = try start("whole").outcome()
    let seconds = Date().timeIntervalSince(started)
    #expect(first.status == 1, "\(first.errors)")
    let whole = try Torture.contents(store)

    let moment = Double.random(in: seconds / 5...seconds)
    let program = try start("part")
    Thread.sleep(forTimeInterval: moment)
    server.kill()
    if comesBackAtOnce { try server.start() }
    let disturbed = try program.outcome()
    // Done before, or stopped, or not let in at all; with a word for each.
    #expect([1, 2, 3].contains(disturbed.status), "\(disturbed.errors)")
    #expect(disturbed.status == 1 || disturbed.errors.contains("fhirline: "), "\(disturbed.errors)")
    if !comesBackAtOnce { try server.start() }
    let part = try server.store(database: "part")
    let again = try start("part").outcome()
    #expect(again.status == 1, "\(again.errors)")
    let found = try Torture.contents(part)
    if disturbed.status == 1 {
      // It came to its end, so that what was run again was another import, which brought what the server had forgotten.
      for (name, documents) in whole where name != "fhirline_run" {
        #expect(found[name]?.count == documents.count, "\(name)")
      }
      return
    }
    try Torture.compare(
      found, whole, "server killed after \(moment) of \(seconds) s, exit \(disturbed.status)")
  }
}

/// Imports of one input into databases of their own, each disturbed, and compared with one that was not.
private final class Torture {
  private let workspace: Workspace
  private let whole: [String: [BSONDocument]]
  /// How long an import takes that is not disturbed.
  private let seconds: Double
  private let input: TortureInput
  /// What was left behind when the import ended early: nothing, the note of the run alone, documents.
  private var left = (nothing: 0, note: 0, documents: 0)

  init(_ input: TortureInput) throws {
    self.input = input
    workspace = try Workspace()
    try input.write(into: workspace)
    let started = Date()
    let outcome = try Torture.start(workspace, workspace).outcome()
    seconds = Date().timeIntervalSince(started)
    // Some resources are set aside.
    #expect(outcome.status == 1, "\(outcome.errors)")
    whole = try Torture.contents(of: workspace.database)
    #expect(whole["patient"]?.count == TortureInput.patients)
    #expect((whole["fhirline_waiting"]?.count ?? 0) >= TortureInput.patients)
  }

  private static func start(_ input: Workspace, _ target: Workspace) throws -> RunningProgram {
    try RunningProgram(
      [
        "import", input.path("in"), "--no-progress", "--workers", "2",
        "--quarantine", target.path("quarantine.ndjson"),
      ], environment: ["FHIRLINE_DATABASE": target.database])
  }

  /// Disturbs an import at a random moment, runs it again to its end, and compares.
  func attempt(_ signal: Int32, isKilledTwice: Bool = false) throws {
    let target = try Workspace()
    var moments: [Double] = []
    for _ in 0..<(isKilledTwice ? 2 : 1) {
      // One that was done before the signal came says nothing.
      for _ in 0..<20 {
        let moment = Double.random(in: 0...seconds)
        let program = try Torture.start(workspace, target)
        Thread.sleep(forTimeInterval: moment)
        program.send(signal)
        let outcome = try program.outcome()
        // Nor does a signal that came before the program took any.
        if outcome.status == 1 || (signal != SIGKILL && outcome.status == 128 + signal) {
          try target.command(["dropDatabase": 1])
          moments = []
          continue
        }
        moments.append(moment)
        #expect(outcome.status == (signal == SIGKILL ? 128 + SIGKILL : 3), "\(outcome.errors)")
        break
      }
    }
    try #require(!moments.isEmpty, "no import could be disturbed")
    let part = try Torture.contents(of: target.database)
    if part.contains(where: { !$0.key.hasPrefix("fhirline_") && !$0.value.isEmpty }) {
      left.documents += 1
    } else if part["fhirline_run"] != nil {
      left.note += 1
    } else {
      left.nothing += 1
    }
    let again = try Torture.start(workspace, target).outcome()
    #expect(again.status == 1, "\(again.errors)")
    let found = try Torture.contents(of: target.database)
    let label: Comment = "\(input.rawValue), signal \(signal) after \(moments) of \(seconds) s"
    try Torture.compare(found, whole, label)
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
    #expect(notes.count == 1, label)
    #expect(try notes[0].withView { try $0.find("finished") != nil && $0.find("stopped") == nil }, label)
  }

  func tell() {
    print(
      "torture: \(input.rawValue), an import takes \(seconds) s; killed before its note \(left.nothing) times, before "
        + "its first document \(left.note), amid documents \(left.documents)")
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
