import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// A folder and a database of a test's own; both go when it ends.
final class Workspace {
  let folder: URL
  let database = "fhirline_test_" + UUID().uuidString.prefix(12).lowercased().replacing("-", with: "")

  /// Whether a MongoDB server is there for tests. `make test` insists on one.
  static let hasMongoDB =
    ProcessInfo.processInfo.environment["MONGODB_URI"] != nil
    || ProcessInfo.processInfo.environment["FHIRLINE_REQUIRE_MONGODB"] == "1"

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "fhirline-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: folder)
    guard let uri = ProcessInfo.processInfo.environment["MONGODB_URI"] else { return }
    try? DocumentStore(uri: uri, databaseName: database).withConnection { try $0.dropDatabase() }
  }

  func path(_ name: String) -> String { folder.appending(path: name).path }

  /// Writes a file into the folder and gives its path.
  @discardableResult
  func write(_ name: String, _ text: String) throws -> String { try write(name, Data(text.utf8)) }

  @discardableResult
  func write(_ name: String, _ bytes: Data) throws -> String {
    let file = folder.appending(path: name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try bytes.write(to: file)
    return file.path
  }

  func read(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: folder.appending(path: name)), as: UTF8.self)
  }

  /// Unzips a file, by another program than the one under test.
  func unzip(_ name: String, to plain: String) throws {
    let script = ["/bin/sh", "-c", "gunzip -c <'\(path(name))' >'\(path(plain))'"]
    try #require(try ChildProcess.run(script) == 0)
  }

  /// Runs the program on this workspace's database.
  func run(_ arguments: String..., input: Data = Data()) throws -> Program.Outcome {
    try run(arguments, input: input)
  }

  func run(_ arguments: [String], input: Data = Data()) throws -> Program.Outcome {
    try Program.run(arguments, environment: ["FHIRLINE_DATABASE": database], input: input)
  }

  /// Imports and gives the summary.
  func importFiles(_ paths: String..., status: Int32 = 0) throws -> Summary {
    try importFiles(paths, status: status)
  }

  func importFiles(_ paths: [String], status: Int32 = 0) throws -> Summary {
    let outcome = try Program.run(
      ["import"] + paths + ["--summary", "json", "--no-progress", "--quarantine", path("quarantine.ndjson")],
      environment: ["FHIRLINE_DATABASE": database])
    #expect(outcome.status == status, "\(outcome.errors)")
    return try JSONDecoder().decode(Summary.self, from: Data(outcome.output.utf8))
  }

  struct Summary: Decodable, Equatable {
    struct Loaded: Decodable, Equatable {
      var inserted: Int
      var replaced: Int
      var unchanged: Int
    }

    struct References: Decodable, Equatable {
      var resolved: Int
      var unresolved: Int
      var healed = 0
    }

    var read: Int
    var loaded: Loaded
    var quarantined: Int
    var references: References
    var stopped: Bool

    var accounted: Int { loaded.inserted + loaded.replaced + loaded.unchanged + quarantined }
  }

  /// A document of this workspace's database.
  func document(_ id: String, in collection: String) throws -> BSONFields {
    var found: BSONFields?
    try connect { connection in
      try connection.find(ids: [id], in: collection) { found = try BSONFields($0) }
    }
    return try #require(found)
  }

  /// Changes a field as an application would.
  func set(_ field: String, to value: BSONValue, of id: BSONValue, in collection: String) throws {
    try connect { connection in
      let change = BSONValue.document(
        BSONFields([.init("$set", .document(BSONFields([.init(field, value)])))]))
      let update = BSONFields([.init("q", ["_id": id]), .init("u", change)])
      let reply = try connection.command(["update": .string(collection), "updates": [.document(update)]])
      #expect(try reply.withView { try $0.find("nModified")?.integer } == 1)
    }
  }

  /// All documents of a collection.
  func documents(in collection: String) throws -> [BSONFields] {
    var found: [BSONFields] = []
    try connect { connection in
      try connection.find(in: collection) { found.append(try BSONFields($0)) }
    }
    return found
  }

  /// Inserts documents as an application would.
  func insert(_ documents: [BSONFields], into collection: String) throws {
    try connect { connection in
      let result = try connection.insert(try documents.map { try BSONDocument($0) }, into: collection)
      #expect(result.inserted == documents.count, "\(result.failures)")
    }
  }

  /// Runs a command on this workspace's database.
  @discardableResult
  func command(_ command: BSONFields) throws -> BSONFields {
    var reply = BSONFields()
    try connect { connection in
      reply = try connection.command(try BSONDocument(command)).fields()
    }
    return reply
  }

  /// How often this workspace's database was asked while the closure ran.
  func questions(_ body: () throws -> Void) throws -> Int {
    try command(["profile": 2])
    try body()
    try command(["profile": 0])
    return try documents(in: "system.profile").count {
      $0["op"]?.text == "query" && $0["ns"]?.text?.hasSuffix("system.profile") == false
    }
  }

  func delete(_ id: String, from collection: String) throws {
    try connect { connection in
      let count = try connection.delete(ids: [id], from: collection)
      #expect(count == 1)
    }
  }

  private func connect(_ body: (borrowing StoreConnection) throws -> Void) throws {
    let uri = try #require(ProcessInfo.processInfo.environment["MONGODB_URI"])
    try DocumentStore(uri: uri, databaseName: database).withConnection { try body($0) }
  }
}
