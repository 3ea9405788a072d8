import BSON
import DocumentStore
import Foundation
import Synchronization
import Testing

/// What only a server of the test's own can show: one that is killed, that wants a password, that stands alone.
///
/// The program is FHIRLINE_MONGOD, or a mongod on the PATH, or the one that `make test` unpacks under .tools/.
@Suite(.serialized, .enabled(if: OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"))
struct OwnServerTests {
  @Test func saysThatTheConnectionBrokeWhereTheServerDies() throws {
    let server = try OwnServer()
    defer { server.stop() }
    let store = try server.store(uri: "mongodb://127.0.0.1:\(server.port)/x")
    try store.withConnection { (connection) throws in
      _ = try connection.insert([["_id": "first"]], into: "c")
      Thread.detachNewThread {
        Thread.sleep(forTimeInterval: 0.1)
        server.kill()
      }
      let error = try TestServer.error {
        let text = BSONValue.string(String(repeating: "x", count: 1_000))
        // Ends with the error; a server that was not killed would end it here.
        for part in 0..<500 {
          let batch = BSONBatch((0..<1_000).map { ["_id": .string("\(part)-\($0)"), "text": text] })
          _ = try connection.insert(batch, into: "c")
        }
      }
      #expect(error.code == .connectionLost && error.isRetryable)
    }
  }

  @Test func waitsForAServerThatTakesTheConnectionAndAnswersLate() throws {
    let server = try OwnServer()
    defer { server.stop() }
    _ = try server.store(uri: "mongodb://127.0.0.1:\(server.port)/x")
    // Longer than a server is looked for that is not there.
    server.freeze()
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 6)
      server.thaw()
    }
    let store = try DocumentStore(uri: "mongodb://127.0.0.1:\(server.port)/x?connectTimeoutMS=800")
    try store.withConnection { connection in
      _ = try connection.insert([["_id": "first"]], into: "c")
    }
    // Who says how long to wait waits no longer.
    server.freeze()
    defer { server.thaw() }
    let started = ContinuousClock.now
    let error = try TestServer.error {
      _ = try DocumentStore(
        uri: "mongodb://127.0.0.1:\(server.port)/x?connectTimeoutMS=300&serverSelectionTimeoutMS=600")
    }
    #expect(error.code == .unreachable && ContinuousClock.now - started < .seconds(4))
  }

  @Test func saysThatASingleServerHasNoTransactions() throws {
    let server = try OwnServer()
    defer { server.stop() }
    let store = try server.store(uri: "mongodb://127.0.0.1:\(server.port)/x")
    #expect(!store.server.hasTransactions)
    try store.withConnection { (connection) throws in
      let error = try TestServer.error {
        try connection.withTransaction { inside in _ = try inside.insert([["_id": 1]], into: "c") }
      }
      #expect(error.code == .notReplicaSet)
    }
  }

  @Test func tellsAWrongPasswordFromAMissingRight() throws {
    let server = try OwnServer(arguments: ["--auth"])
    defer { server.stop() }
    try server.store(uri: "mongodb://127.0.0.1:\(server.port)/admin").withConnection { (connection) throws in
      // The server lets the first user be made from its own machine without a password.
      _ = try connection.command(["createUser": "root", "pwd": "geheim", "roles": ["root"]])
    }
    let root = try DocumentStore(
      uri: "mongodb://root:geheim@127.0.0.1:\(server.port)/clinic?authSource=admin")
    try root.withConnection { (connection) throws in
      #expect(try connection.insert([["_id": 1]], into: "c").inserted == 1)
      _ = try connection.command(["createUser": "reader", "pwd": "lesen", "roles": ["read"]])
    }
    for uri in [
      "root:wrong@127.0.0.1:\(server.port)/clinic?authSource=admin",
      "root:geheim@127.0.0.1:\(server.port)/clinic",
    ] {
      let refused = try TestServer.error { _ = try DocumentStore(uri: "mongodb://" + uri) }
      #expect(refused.code == .authentication && !refused.isRetryable)
      #expect(!refused.message.contains("wrong") && !refused.message.contains("geheim"))
    }
    let reader = try DocumentStore(uri: "mongodb://reader:lesen@127.0.0.1:\(server.port)/clinic")
    try reader.withConnection { (connection) throws in
      #expect(try connection.count(in: "c") == 1)
      let forbidden = try TestServer.error { _ = try connection.insert([["_id": 2]], into: "c") }
      #expect(forbidden.code == .notAuthorized)
    }
    let nobody = try DocumentStore(uri: "mongodb://127.0.0.1:\(server.port)/clinic")
    try nobody.withConnection { (connection) throws in
      let forbidden = try TestServer.error { _ = try connection.count(in: "c") }
      #expect(forbidden.code == .notAuthorized)
    }
  }
}

/// A MongoDB server that lives as long as a test.
final class OwnServer: Sendable {
  static let program: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["FHIRLINE_MONGOD"] { return named }
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folders = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/mongod" }
    return (folders + [root.path + "/.tools/mongod/fiftyone/db/bin/mongod"])
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  let port: UInt16
  private let process: Mutex<Process>
  private let arguments: [String]
  private let folder: URL

  init(arguments: [String] = []) throws {
    port = try SeverableWire.unusedPort()
    folder = FileManager.default.temporaryDirectory.appending(path: "fhirline-mongod-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    self.arguments =
      [
        "--dbpath", folder.path, "--bind_ip", "127.0.0.1", "--port", "\(port)", "--nounixsocket",
        "--wiredTigerCacheSizeGB", "0.25",
      ] + arguments
    process = Mutex(try Self.start(self.arguments))
  }

  /// The server hangs: the system takes connections for it, and nobody answers.
  func freeze() { process.withLock { _ = Foundation.kill($0.processIdentifier, SIGSTOP) } }
  func thaw() { process.withLock { _ = Foundation.kill($0.processIdentifier, SIGCONT) } }

  private static func start(_ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: try #require(Self.program))
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  /// Connects, waiting for the server to come up.
  func store(uri: String, options: StoreOptions = StoreOptions()) throws -> DocumentStore {
    var options = options
    options.serverSelectionTimeout = 30_000
    return try DocumentStore(uri: uri, options: options)
  }

  func kill() { process.withLock { $0.terminateAtOnce() } }

  /// Kills the server, and starts another on its data.
  func restart() throws {
    try process.withLock { process in
      process.terminateAtOnce()
      process.waitUntilExit()
      process = try Self.start(arguments)
    }
  }

  func stop() {
    process.withLock { process in
      process.terminateAtOnce()
      process.waitUntilExit()
    }
    try? FileManager.default.removeItem(at: folder)
  }
}

extension Process {
  fileprivate func terminateAtOnce() { kill(processIdentifier, SIGKILL) }
}
