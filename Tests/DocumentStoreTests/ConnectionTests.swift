import BSON
@testable import DocumentStore
import TestSupport
import Testing

/// What goes wrong before any server is asked: these need none.
struct ConnectionStringTests {
  private static let quick = StoreOptions(serverSelectionTimeout: 300)

  @Test(arguments: [
    "", "localhost:27017/x", "http://localhost/x", "mongodb://", "mongodb:///x", "mongodb://a:b:c/x",
    "mongodb://localhost:99999999/x", "mongodb://localhost:abc/x", "mongodb://host/%zz",
    "mongodb://a\u{0}b/x",
  ])
  func refusesWhatIsNoConnectionString(uri: String) throws {
    let error = try TestServer.error {
      _ = try DocumentStore(uri: uri, databaseName: "x", options: Self.quick)
    }
    #expect(error.code == .badURI)
    #expect(!error.isRetryable)
  }

  @Test(arguments: [
    "mongodb://nurse:geheim@ward:1:2/x", "mongodb://nurse:ge@heim@localhost/x",
    "mongodb://nurse:ge:heim@localhost/x",
    "mongodb://nurse:geheim%@localhost/x", "mongodb://nurse:ge/heim@localhost/x",
    "mongodb://:geheim@localhost/x",
    "mongodb://nurse:geheim@localhost/x?authMechanism=PLAIN%20OF&nonsense", "mongodb://nurse:geheim@/x",
    "mongodb://nurse:12/heim@localhost/x", "mongodb://nurse:12?heim@localhost/x",
    "mongodb://nurse:12?heim@localhost",
  ])
  func neverSaysThePassword(uri: String) throws {
    let error = try TestServer.error {
      _ = try DocumentStore(uri: uri, databaseName: "x", options: Self.quick)
    }
    for text in [error.message, error.description, error.serverMessage ?? ""] {
      #expect(!text.contains("heim"), "\(text)")
      #expect(!text.contains("nurse"), "\(text)")
    }
  }

  @Test func refusesToWriteWithoutConfirmation() throws {
    let error = try TestServer.error {
      _ = try DocumentStore(uri: "mongodb://localhost:1/x?w=0", options: Self.quick)
    }
    #expect(error.code == .badURI && error.message.contains("w=0"))
  }

  @Test func asksForADatabase() throws {
    let error = try TestServer.error {
      _ = try DocumentStore(uri: "mongodb://localhost:1", options: Self.quick)
    }
    #expect(error.code == .badDatabaseName)
    for name in ["", "a b", "a.b", "a/b", "$a", String(repeating: "x", count: 64)] {
      let error = try TestServer.error {
        _ = try DocumentStore(uri: "mongodb://localhost:1", databaseName: name, options: Self.quick)
      }
      #expect(error.code == .badDatabaseName)
    }
  }

  @Test func givesUpWithinTheTimeAllowedAndNamesTheHost() throws {
    let port = try UnusedPort.choose()
    let error = try TestServer.error {
      _ = try DocumentStore(uri: "mongodb://nurse:geheim@127.0.0.1:\(port)/x", options: Self.quick)
    }
    #expect(error.code == .unreachable && error.isRetryable)
    #expect(error.message.contains("127.0.0.1:\(port)"))
    #expect(!error.message.contains("geheim") && !error.message.contains("nurse"))
  }

  @Test func takesTheConnectionStringsOwnTimeout() throws {
    let port = try UnusedPort.choose()
    let uri = " mongodb://127.0.0.1:\(port)/x?serverSelectionTimeoutMS=200\n"
    let error = try TestServer.error { _ = try DocumentStore(uri: uri) }
    #expect(error.code == .unreachable)
    let own = try ConnectionString(uri, options: StoreOptions())
    #expect(own.serverSelectionTimeout == .milliseconds(200))
    // What the caller asks for counts more; without either it is five seconds.
    let quick = try ConnectionString(uri, options: Self.quick)
    #expect(quick.serverSelectionTimeout == .milliseconds(300))
    let plain = try ConnectionString("mongodb://127.0.0.1:\(port)/x", options: StoreOptions())
    #expect(plain.serverSelectionTimeout == .seconds(5))
  }

  @Test func givesUpOnANameThatDoesNotExist() throws {
    let error = try TestServer.error {
      _ = try DocumentStore(uri: "mongodb://no-such-host.invalid/x", options: Self.quick)
    }
    #expect(error.code == .unreachable)
    #expect(error.message.contains("no-such-host.invalid"))
  }
}

@Suite(.enabled(if: TestServer.mayRun, "MONGODB_URI is not set"))
struct ConnectionTests {
  @Test func describesTheServer() throws {
    let store = try TestServer.open()
    #expect(store.server.version.first?.isNumber == true)
    #expect(store.server.isWritable)
    #expect(store.server.limits.documentBytes == 16 * 1024 * 1024)
    #expect(store.server.limits.messageBytes == 48_000_000)
  }

  @Test func serversWithoutEncryptionAreATLSError() throws {
    let port = try TestServer.port()
    let error = try TestServer.error {
      _ = try DocumentStore(
        uri: "mongodb://127.0.0.1:\(port)/x?directConnection=true&tls=true",
        options: StoreOptions(serverSelectionTimeout: 30_000))
    }
    #expect(error.code == .tls)
    #expect(!error.isRetryable)
  }

  @Test func saysThatTheConnectionBrokeInTheMiddle() throws {
    let wire = try SeverableWire(to: try TestServer.port())
    defer { wire.cut() }
    let store = try DocumentStore(
      uri: "mongodb://127.0.0.1:\(wire.port)/fhirline_test_wire?directConnection=true",
      options: StoreOptions(serverSelectionTimeout: 3000))
    try store.withConnection { (connection) throws in
      try connection.ping()
      wire.cut(afterBytes: 500_000)
      let text = BSONValue.string(String(repeating: "x", count: 1_000))
      let batch = BSONBatch((0..<2_000).map { number in ["_id": .int32(number), "text": text] })
      let error = try TestServer.error { _ = try connection.insert(batch, into: "c") }
      #expect(error.code == .connectionLost && error.isRetryable)
      #expect(error.message.contains("127.0.0.1:\(wire.port)"))
      let again = try TestServer.error { try connection.ping() }
      #expect(again.code == .connectionLost)
    }
  }

  @Test func readingSaysThatTheConnectionBroke() throws {
    let wire = try SeverableWire(to: try TestServer.port())
    defer { wire.cut() }
    try TestServer.withStore { (connection) throws in
      let text = BSONValue.string(String(repeating: "x", count: 1_000))
      _ = try connection.insert(
        (0..<1_000).map { number in ["_id": .int32(number), "text": text] }, into: "c")
      let store = try DocumentStore(
        uri: "mongodb://127.0.0.1:\(wire.port)/?directConnection=true", databaseName: connection.databaseName,
        options: StoreOptions(serverSelectionTimeout: 3000))
      var seen = 0
      let error = try TestServer.error {
        try store.withConnection { (connection) throws in
          try connection.find(in: "c", options: FindOptions(batchSize: 10)) { _ in
            seen += 1
            if seen == 15 { wire.cut() }
          }
        }
      }
      #expect(error.code == .connectionLost)
      #expect(seen == 20)
    }
  }

  @Test func manyThreadsShareOneStore() throws {
    let store = try TestServer.open()
    defer { try? store.withConnection { connection in try connection.dropDatabase() } }
    let counts = Threads.run(4) { number in
      try store.withConnection { (connection) throws in
        var inserted = 0
        for part in 0..<5 {
          let batch = BSONBatch((0..<200).map { ["_id": .string("\(number)-\(part)-\($0)")] })
          inserted += try connection.insert(batch, into: "c").inserted
        }
        return inserted
      }
    }
    #expect(counts == [1_000, 1_000, 1_000, 1_000])
    try store.withConnection { (connection) throws in #expect(try connection.count(in: "c") == 4_000) }
  }
}
