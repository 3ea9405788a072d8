package import BSON
package import DocumentStore
import Foundation
import Synchronization

/// A MongoDB server of a test's own, which can be killed and come back with its data.
package final class OwnServer: Sendable {
  /// FHIRLINE_MONGOD, or a mongod on the PATH, or the one that `make test` unpacks under .tools/.
  package static let program: String? = {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["FHIRLINE_MONGOD"] { return named }
    let folders = (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/mongod" }
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return (folders + [root.path + "/.tools/mongod/fiftyone/db/bin/mongod"])
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }()

  package let port: UInt16
  private let folder: String
  private let arguments: [String]
  /// A command that starts the one behind it, where that is to see something that others do not.
  private let launcher: [String]
  private let running = Mutex<ChildProcess?>(nil)

  /// Whether its data goes when it ends.
  private let ownsFolder: Bool

  /// - Parameter folder: where its data is; nil for one of its own.
  package init(folder: String? = nil, arguments: [String] = [], launcher: [String] = []) throws {
    port = try UnusedPort.choose()
    let own = FileManager.default.temporaryDirectory.appending(path: "fhirline-mongod-\(UUID().uuidString)")
    self.folder = folder ?? own.path
    ownsFolder = folder == nil
    self.arguments = arguments
    self.launcher = launcher
    try FileManager.default.createDirectory(atPath: self.folder, withIntermediateDirectories: true)
    try start()
  }

  deinit {
    kill()
    if ownsFolder { try? FileManager.default.removeItem(atPath: folder) }
  }

  package func start() throws {
    guard let program = OwnServer.program else { throw POSIXError(.ENOENT) }
    let server = try ChildProcess(
      launcher + [
        program, "--dbpath", folder, "--bind_ip", "127.0.0.1", "--port", "\(port)", "--nounixsocket",
        "--wiredTigerCacheSizeGB", "0.25",
      ] + arguments)
    running.withLock { $0 = server }
  }

  package func kill() {
    guard let server = running.withLock({ $0.take() }) else { return }
    server.send(SIGKILL)
    server.wait()
  }

  /// Sends the server a signal: SIGSTOP and SIGCONT stand for a machine that hangs.
  package func send(_ signal: Int32) {
    running.withLock { $0?.send(signal) }
  }

  /// Makes servers that were started with `--replSet rs` one replica set, and waits for its primary. Elections are quick in it.
  package static func initiate(_ servers: [OwnServer]) throws {
    let members = servers.enumerated().map { number, server in
      BSONValue.document(["_id": .int32(Int32(number)), "host": .string("127.0.0.1:\(server.port)")])
    }
    for server in servers { _ = try server.direct() }
    try servers[0].direct().withConnection { connection in
      _ = try connection.command([
        "replSetInitiate": [
          "_id": "rs", "members": .array(members),
          "settings": ["electionTimeoutMillis": 1000, "heartbeatIntervalMillis": 300],
        ]
      ])
    }
    try servers[0].awaitPrimary()
  }

  /// Waits until the server, a member of a set, takes writes.
  package func awaitPrimary() throws {
    for _ in 0..<1200 {
      if try direct().server.isWritable { return }
      usleep(100_000)
    }
    throw POSIXError(.ETIMEDOUT)
  }

  /// How long a server may take to start on a machine that has much else to do, in milliseconds.
  private static let patience: Int32 = 120_000

  /// Connects to this server, whatever set it belongs to, waiting for it to come up.
  package func direct() throws -> DocumentStore {
    try DocumentStore(
      uri: uri(database: "admin", "directConnection=true"),
      options: StoreOptions(serverSelectionTimeout: OwnServer.patience))
  }

  /// Gives the server a command, which may end the connection.
  package func order(_ command: BSONDocument) throws {
    do {
      try direct().withConnection { connection in _ = try connection.command(command) }
    } catch let error as StoreError where error.isOutage {}
  }

  package func uri(_ user: String = "", database: String, _ options: String = "serverSelectionTimeoutMS=2000")
    -> String
  {
    "mongodb://\(user)127.0.0.1:\(port)/\(database)?\(options)"
  }

  /// Connects, waiting for the server to come up.
  package func store(database: String, options: StoreOptions = StoreOptions()) throws -> DocumentStore {
    var options = options
    options.serverSelectionTimeout = OwnServer.patience
    return try DocumentStore(uri: uri(database: database, ""), options: options)
  }
}
