import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// What only a server of the test's own can show: one that is killed, that wants a password, that stands alone.
///
/// The program is FHIRLINE_MONGOD, or a mongod on the PATH, or the one that `make test` unpacks under .tools/.
@Suite(.serialized, .enabled(if: OwnServer.program != nil, "no mongod: set FHIRLINE_MONGOD"))
struct OwnServerTests {
  @Test func saysThatTheConnectionBrokeWhereTheServerDies() throws {
    let server = try OwnServer()
    defer { server.kill() }
    let store = try server.store(database: "x")
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
    defer { server.kill() }
    _ = try server.store(database: "x")
    // Longer than a server is looked for that is not there.
    server.send(SIGSTOP)
    Thread.detachNewThread {
      Thread.sleep(forTimeInterval: 6)
      server.send(SIGCONT)
    }
    let store = try DocumentStore(uri: "mongodb://127.0.0.1:\(server.port)/x?connectTimeoutMS=800")
    try store.withConnection { connection in
      _ = try connection.insert([["_id": "first"]], into: "c")
    }
    // Who says how long to wait waits no longer.
    server.send(SIGSTOP)
    defer { server.send(SIGCONT) }
    let started = ContinuousClock.now
    let error = try TestServer.error {
      _ = try DocumentStore(
        uri: "mongodb://127.0.0.1:\(server.port)/x?connectTimeoutMS=300&serverSelectionTimeoutMS=600")
    }
    // Without it, it would be a minute.
    #expect(error.code == .unreachable && ContinuousClock.now - started < .seconds(45))
  }

  @Test func saysThatASingleServerHasNoTransactions() throws {
    let server = try OwnServer()
    defer { server.kill() }
    let store = try server.store(database: "x")
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
    defer { server.kill() }
    try server.store(database: "admin").withConnection { (connection) throws in
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
