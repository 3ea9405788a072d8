import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// A server that goes away amid an import and comes back: the import goes on, or says that it stopped and goes on when it is run
/// again; and leaves what one does that nobody disturbed, byte by byte.
///
/// `make torture` lets outages last ten seconds.
@Suite(
  .serialized,
  .enabled(if: Workspace.hasMongoDB && OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"))
struct OutageTests {
  private static let isTorture = ProcessInfo.processInfo.environment["FHIRLINE_TORTURE"] != nil
  private static let seconds = isTorture ? 10.0 : 1.0

  enum Outage: CaseIterable {
    /// Connections end, and no new one is taken.
    case cut
    /// Nothing passes.
    case stalled
    /// The server's process hangs.
    case frozen
    case stepDown
    /// The server is killed, and starts anew.
    case killed
  }

  @Test(arguments: TortureInput.allCases)
  func `the import goes on`(input: TortureInput) throws {
    let scene = try Scene(input)
    var random = SeededGenerator.ofTest("outages \(input)")
    for (number, outage) in Outage.allCases.enumerated() {
      // Without time each outage meets one of the inputs.
      guard OutageTests.isTorture || (number + 2) % TortureInput.allCases.count == input.number else {
        continue
      }
      for share in OutageTests.isTorture
        ? [Double.random(in: 0..<0.5, using: &random), Double.random(in: 0.5..<1, using: &random)]
        : [Double.random(in: 0.1..<0.9, using: &random)]
      {
        let label: Comment = "\(outage), \(input) at \(share)"
        let started = Date()
        let outcome = try scene.disturbed(at: share) { try disturb(scene, $0, outage) }
        #expect(outcome.status == 1, "\(label): \(outcome.errors)")
        // Shorter ones libmongoc itself waits for.
        if OutageTests.isTorture, outage != .stalled, outage != .frozen {
          #expect(outcome.errors.contains("trying again for up to 60 s"), "\(label): \(outcome.errors)")
        }
        try scene.compare(label)
        #expect(try scene.summary(outcome) == scene.summary(scene.outcome), label)
        print("torture: \(label.rawValue) takes \(Date().timeIntervalSince(started)) s")
      }
    }
    guard OutageTests.isTorture || input == .bundles else { return }
    for command in ["insert", "update", "commitTransaction"] {
      try fill(scene, input, command, at: Double.random(in: 0.1..<0.9, using: &random))
    }
  }

  private func disturb(_ scene: Scene, _ wire: Wire, _ outage: Outage) throws {
    switch outage {
    case .cut: wire.cut(seconds: OutageTests.seconds)
    case .stalled: wire.stall(seconds: OutageTests.seconds)
    case .frozen:
      scene.server.send(SIGSTOP)
      wire.release()
      Thread.sleep(forTimeInterval: OutageTests.seconds)
      scene.server.send(SIGCONT)
    case .stepDown:
      try scene.server.order([
        "replSetStepDown": .int32(Int32(OutageTests.seconds)), "secondaryCatchUpPeriodSecs": 0,
        "force": true,
      ])
    case .killed:
      scene.server.kill()
      wire.release()
      Thread.sleep(forTimeInterval: OutageTests.seconds)
      try scene.server.start()
    }
  }

  /// The server says that its disk is full, at one kind of command: MongoDB's own test command makes it say so.
  private func fill(_ scene: Scene, _ input: TortureInput, _ command: String, at share: Double) throws {
    let outcome = try scene.disturbed(at: share) { _ in
      try scene.server.order([
        "configureFailPoint": "failCommand", "mode": "alwaysOn",
        "data": ["errorCode": 14031, "failCommands": [.string(command)]],
      ])
    }
    try scene.server.order(["configureFailPoint": "failCommand", "mode": "off"])
    // The import may have been through with commands of that kind.
    if outcome.status != 1 {
      #expect(outcome.status == 3, "\(command): \(outcome.errors)")
      #expect(outcome.errors.contains("has no disk space left"), "\(command): \(outcome.errors)")
      #expect(try scene.again().status == 1)
    }
    try scene.compare("disk full at \(command), \(input)")
  }

  /// The server itself ends the transaction of a program that is gone after a while, and nobody else writes its documents until then.
  @Test func `the transaction of a killed import is ended by the next`() throws {
    let scene = try Scene(.bundles)
    var found = 0
    var random = SeededGenerator.ofTest("open transactions")
    for _ in 0..<20 where found < 2 {
      let open = try scene.killedProgram(at: Double.random(in: 0.1..<0.9, using: &random))
      let started = Date()
      #expect(try scene.again().status == 1)
      if open > 0 {
        found += 1
        // The server itself would take an hour.
        #expect(Date().timeIntervalSince(started) < 600)
      }
      try scene.compare("killed with \(open) transactions open")
    }
    #expect(found > 0, "no import was killed in a transaction")
  }

  /// Of a set of three the primary is killed, and another takes over.
  @Test(.enabled(if: isTorture), arguments: TortureInput.allCases)
  func `another takes over`(input: TortureInput) throws {
    let scene = try Scene(input, members: 3)
    let outcome = try scene.killedPrimary()
    #expect(outcome.status == 1, "\(outcome.errors)")
    try scene.compare("the primary of three is killed, \(input)")
  }
}

extension TortureInput {
  fileprivate var number: Int { TortureInput.allCases.firstIndex(of: self) ?? 0 }
}

/// A replica set of a test's own, and imports into it over a wire.
private final class Scene {
  let servers: [OwnServer]
  var server: OwnServer { servers[0] }
  private let workspace: Workspace
  private let bytes: Int
  /// What an import did that nobody disturbed, and left.
  let outcome: Program.Outcome
  private let whole: [String: [BSONDocument]]
  private let seconds: Double
  private var number = 0

  init(_ input: TortureInput, members: Int = 1) throws {
    workspace = try Workspace()
    try input.write(into: workspace)
    servers = try (0..<members).map { [workspace] number in
      try OwnServer(
        folder: workspace.path("data\(number)"),
        arguments: ["--replSet", "rs"]
          + ["enableTestCommands=1", "transactionLifetimeLimitSeconds=3600"].flatMap {
            ["--setParameter", $0]
          })
    }
    try OwnServer.initiate(servers)
    try Scene.prepare(workspace, "whole", Scene.uri(servers))
    let wire = try Wire(to: servers[0].port)
    defer { wire.close() }
    let started = Date()
    outcome = try Scene.start(workspace, "whole", members == 1 ? wire.uri : Scene.uri(servers)).outcome()
    try #require(outcome.status == 1, "\(outcome.errors)")
    seconds = Date().timeIntervalSince(started)
    bytes = wire.sent
    whole = try Torture.contents(Scene.store(servers, "whole"))
    #expect(whole["patient"]?.count == input.documents)
  }

  private static func uri(_ servers: [OwnServer]) -> String {
    "mongodb://" + servers.map { "127.0.0.1:\($0.port)" }.joined(separator: ",") + "/?replicaSet=rs"
  }

  private static func store(_ servers: [OwnServer], _ database: String) throws -> DocumentStore {
    try DocumentStore(
      uri: uri(servers), databaseName: database, options: StoreOptions(serverSelectionTimeout: 30_000))
  }

  private static func prepare(_ workspace: Workspace, _ database: String, _ uri: String) throws {
    guard FileManager.default.fileExists(atPath: workspace.path("earlier")) else { return }
    let outcome = try start(workspace, database, uri, folder: "earlier").outcome()
    try #require(outcome.status == 1, "\(outcome.errors)")
  }

  private static func start(
    _ workspace: Workspace, _ database: String, _ uri: String, folder: String = "in"
  ) throws -> RunningProgram {
    try RunningProgram(
      [
        "import", workspace.path(folder), "--config", workspace.path("pipeline.yml"), "--no-progress",
        "--workers", "2", "--summary", "json", "--quarantine", workspace.path("quarantine.ndjson"),
      ], environment: ["FHIRLINE_DATABASE": database, "MONGODB_URI": uri])
  }

  private var database: String { "part\(number)" }

  /// An import that meets with something when it has sent a share of its bytes.
  func disturbed(at share: Double, _ disturb: (Wire) throws -> Void) throws -> Program.Outcome {
    number += 1
    try Scene.prepare(workspace, database, Scene.uri(servers))
    let wire = try Wire(to: server.port)
    defer { wire.close() }
    wire.hold(afterBytes: Int(Double(bytes) * share))
    let program = try Scene.start(workspace, database, wire.uri)
    while program.isRunning, !wire.isHolding { usleep(300) }
    try disturb(wire)
    wire.release()
    return try program.outcome()
  }

  func killedPrimary() throws -> Program.Outcome {
    number += 1
    try Scene.prepare(workspace, database, Scene.uri(servers))
    let program = try Scene.start(workspace, database, Scene.uri(servers))
    var random = SeededGenerator.ofTest("killed primary")
    Thread.sleep(forTimeInterval: seconds * Double.random(in: 0.3..<0.9, using: &random))
    let primary = try servers.first { try $0.direct().server.isWritable }
    try #require(primary).kill()
    return try program.outcome()
  }

  /// Kills an import when it has sent a share of its bytes; returns how many transactions it leaves open.
  func killedProgram(at share: Double) throws -> Int {
    number += 1
    let wire = try Wire(to: server.port)
    defer { wire.close() }
    wire.hold(afterBytes: Int(Double(bytes) * share))
    let program = try Scene.start(workspace, database, wire.uri)
    while program.isRunning, !wire.isHolding { usleep(300) }
    program.send(SIGKILL)
    _ = try program.outcome()
    var open: Int64?
    try server.direct().withConnection { connection in
      open = try connection.command(["serverStatus": 1]).fields()["transactions"]?.fields?["currentOpen"]?
        .integer
    }
    return Int(open ?? 0)
  }

  func again() throws -> Program.Outcome {
    try Scene.start(workspace, database, Scene.uri(servers)).outcome()
  }

  func compare(_ label: Comment) throws {
    try Torture.compare(try Torture.contents(Scene.store(servers, database)), whole, label)
  }

  func summary(_ outcome: Program.Outcome) throws -> Workspace.Summary {
    try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
  }
}
