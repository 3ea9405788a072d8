import BSON
import DocumentStore
import Foundation
import Synchronization
import Testing

/// The MongoDB server that the tests run against: MONGODB_URI.
///
/// Without it the suites are skipped, unless FHIRLINE_REQUIRE_MONGODB=1 says that they must run: then they fail.
enum TestServer {
  static let uri = ProcessInfo.processInfo.environment["MONGODB_URI"]
  static let isRequired = ProcessInfo.processInfo.environment["FHIRLINE_REQUIRE_MONGODB"] == "1"
  static var mayRun: Bool { uri != nil || isRequired }

  /// Runs the body on a database of its own, which is gone afterwards.
  static func withStore(
    options: StoreOptions = StoreOptions(), _ body: (borrowing StoreConnection) throws -> Void
  ) throws {
    let store = try open(options: options)
    defer { try? store.withConnection { connection in try connection.dropDatabase() } }
    try store.withConnection { connection in try body(connection) }
  }

  static func open(options: StoreOptions = StoreOptions()) throws -> DocumentStore {
    let uri = try #require(uri, "FHIRLINE_REQUIRE_MONGODB=1 is set, but MONGODB_URI is not")
    let name = "fhirline_test_" + UUID().uuidString.replacingOccurrences(of: "-", with: "").lowercased()
    return try DocumentStore(uri: uri, databaseName: name, options: options)
  }

  /// The error that the closure must throw.
  static func error(_ body: () throws -> Void) throws -> StoreError {
    do {
      try body()
    } catch let error as StoreError {
      return error
    }
    throw Missing()
  }

  struct Missing: Error, CustomStringConvertible {
    var description: String { "no error was thrown" }
  }
}

extension TestServer {
  /// The port of a server on this machine, for tests that put something between.
  static func port() throws -> UInt16 {
    let uri = try #require(uri, "FHIRLINE_REQUIRE_MONGODB=1 is set, but MONGODB_URI is not")
    let host = uri.drop { $0 != "/" }.drop { $0 == "/" }.prefix { $0 != "/" && $0 != "?" && $0 != "," }
    let address = host.split(separator: "@").last.map(String.init) ?? ""
    return address.split(separator: ":").last.flatMap { UInt16($0) } ?? 27_017
  }
}

/// Threads of a test's own: the store blocks, which Swift's cooperative threads must not.
enum Threads {
  /// Runs the body so many times at once and gives what each returned; nil where one threw.
  static func run(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Int) -> [Int?] {
    let results = Mutex([Int?](repeating: nil, count: count))
    let group = DispatchGroup()
    for number in 0..<count {
      group.enter()
      Thread.detachNewThread {
        let result = try? body(number)
        results.withLock { $0[number] = result }
        group.leave()
      }
    }
    group.wait()
    return results.withLock { $0 }
  }
}
