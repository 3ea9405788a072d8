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
  private let running = Mutex<Process?>(nil)

  package init(folder: String, arguments: [String] = [], launcher: [String] = []) throws {
    port = try OwnServer.unusedPort()
    self.folder = folder
    self.arguments = arguments
    self.launcher = launcher
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try start()
  }

  deinit { kill() }

  package func start() throws {
    let process = Process()
    guard let program = OwnServer.program else { throw POSIXError(.ENOENT) }
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      launcher + [
        program, "--dbpath", folder, "--bind_ip", "127.0.0.1", "--port", "\(port)",
        "--nounixsocket",
        "--wiredTigerCacheSizeGB", "0.25",
      ] + arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    running.withLock { $0 = process }
  }

  package func kill() {
    guard let process = running.withLock({ $0.take() }) else { return }
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Sends the server a signal: SIGSTOP and SIGCONT stand for a machine that hangs.
  package func send(_ signal: Int32) {
    running.withLock { process in
      if let process { _ = Foundation.kill(process.processIdentifier, signal) }
    }
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
    for _ in 0..<600 where try !servers[0].direct().server.isWritable { usleep(100_000) }
  }

  /// Connects to this server, whatever set it belongs to, waiting for it to come up.
  package func direct() throws -> DocumentStore {
    try DocumentStore(
      uri: uri(database: "admin", "directConnection=true"),
      options: StoreOptions(serverSelectionTimeout: 30_000))
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
  package func store(database: String) throws -> DocumentStore {
    try DocumentStore(
      uri: uri(database: database, ""), options: StoreOptions(serverSelectionTimeout: 30_000))
  }

  /// A port that nobody listens on.
  package static func unusedPort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let done = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    guard done else { throw POSIXError(.EADDRNOTAVAIL) }
    return UInt16(bigEndian: address.sin_port)
  }
}
