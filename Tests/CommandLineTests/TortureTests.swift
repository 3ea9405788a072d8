import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// An import that ends before its end, and is run again, leaves what one leaves that nobody disturbed: byte by byte.
///
/// `make torture` kills 100 times, FHIRLINE_TORTURE says how often otherwise.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct TortureTests {
  static let kills = ProcessInfo.processInfo.environment["FHIRLINE_TORTURE"].flatMap { Int($0) } ?? 10

  @Test(.enabled(if: Wire.testServer != nil), arguments: TortureInput.allCases)
  func `killed at random moments, and told to stop`(input: TortureInput) throws {
    let torture = try Torture(input)
    let kills = max(4, (TortureTests.kills + 2) / TortureInput.allCases.count)
    for number in 0..<kills {
      let moments = (0..<(number % 5 == 2 ? 2 : 1)).map {
        torture.moment(part: (number + $0) % kills, of: kills)
      }
      try torture.kill(moments)
    }
    // Few may all come to other moments.
    for number in kills..<kills + 20 where torture.landings.amidDocuments == 0 {
      try torture.kill([torture.moment(part: number % 3, of: 4)])
    }
    torture.tell()
    #expect(torture.landings.amidDocuments > 0)
    for signal in [SIGINT, SIGTERM] { try torture.stop(signal) }
  }

  @Test(.enabled(if: OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"), arguments: [false, true])
  func `the server is killed at a random moment`(comesBackAtOnce: Bool) throws {
    let workspace = try Workspace()
    try TortureInput.bulk.write(into: workspace)
    let server = try OwnServer(folder: workspace.path("data"))
    let store = try server.store(database: "whole")
    func start(_ database: String, gaveUpOn isAway: Bool = false) throws -> RunningProgram {
      let patience = "serverSelectionTimeoutMS=\(isAway ? 1000 : 60_000)"
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

    var random = SeededGenerator.ofTest("server killed \(comesBackAtOnce)")
    let moment = Double.random(in: seconds / 5...seconds, using: &random)
    let program = try start("part", gaveUpOn: !comesBackAtOnce)
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
    try Torture.compare(
      found, whole, "server killed after \(moment) of \(seconds) s, exit \(disturbed.status)")
  }
}
