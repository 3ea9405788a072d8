import BSON
import DocumentStore
import FHIRMapping
import FHIRPipeline
import Foundation
import Synchronization
import TestSupport
import Testing

/// A database and a folder of a test's own on the server that MONGODB_URI names; both are gone when it ends.
///
/// Without a server the suites are skipped, unless FHIRLINE_REQUIRE_MONGODB=1 says that they must run: then they fail.
final class TestDatabase: Sendable {
  static let uri = ProcessInfo.processInfo.environment["MONGODB_URI"]
  static let mayRun = uri != nil || ProcessInfo.processInfo.environment["FHIRLINE_REQUIRE_MONGODB"] == "1"

  let store: DocumentStore
  let folder: URL

  init() throws {
    let uri = try #require(TestDatabase.uri, "FHIRLINE_REQUIRE_MONGODB=1 is set, but MONGODB_URI is not")
    let name = "fhirline_test_" + UUID().uuidString.replacing("-", with: "").lowercased()
    store = try DocumentStore(uri: uri, databaseName: name)
    folder = FileManager.default.temporaryDirectory.appending(path: name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit {
    try? store.withConnection { connection in try connection.dropDatabase() }
    try? FileManager.default.removeItem(at: folder)
  }

  /// All documents of a collection by `_id`.
  func documents(_ collection: String) throws -> [String: BSONFields] {
    var documents: [String: BSONFields] = [:]
    try store.withConnection { connection in
      try connection.find(in: collection) { document in
        documents[try document.find("_id")?.text ?? ""] = try BSONFields(document)
      }
    }
    return documents
  }

  /// Writes inputs and imports them.
  func importFiles(_ files: [(name: String, text: String)], pageBytes: Int? = nil, heldBytes: Int? = nil)
    throws -> ImportSummary
  {
    try importFiles(
      files.map { ($0.name, Data($0.text.utf8)) }, pageBytes: pageBytes, heldBytes: heldBytes)
  }

  func importFiles(_ files: [(name: String, bytes: Data)], pageBytes: Int? = nil, heldBytes: Int? = nil)
    throws -> ImportSummary
  {
    var run = try importRun()
    if let pageBytes { run.chartPageBytes = pageBytes }
    if let heldBytes { run.heldBundleBytes = heldBytes }
    run.quarantinePath = folder.appending(path: "quarantine.ndjson").path
    let outcome = try run.run(try inputs(files), store: store)
    #expect(outcome.failure == nil)
    return outcome.summary
  }

  /// What an import of the files would do.
  func plan(_ files: [(name: String, text: String)]) throws -> PlanOutcome {
    try PlanRun(try importRun()).run(try inputs(files.map { ($0.name, Data($0.text.utf8)) }), store: store)
  }

  private func importRun() throws -> ImportRun {
    var run = ImportRun(mappings: try MappingSet.builtIn(), collections: [:])
    run.showsProgress = false
    return run
  }

  private func inputs(_ files: [(name: String, bytes: Data)]) throws -> [InputFile] {
    try InputFile.find(
      files.map { name, bytes in
        let file = folder.appending(path: name)
        try bytes.write(to: file)
        return file.path
      })
  }

  /// What the closure has the server change, as the server's journal of changes tells it: the collections, one for each document. nil
  /// for a server that has none.
  func changes(_ body: () throws -> Void) throws -> [String]? {
    guard store.server.hasTransactions, let uri = TestDatabase.uri else { return nil }
    let journal = try DocumentStore(uri: uri, databaseName: "local")
    var last = BSONValue.null
    try journal.withConnection { connection in
      try connection.find(in: "oplog.rs", options: FindOptions(sort: ["$natural": -1], limit: 1)) { entry in
        last = try entry.find("ts").map(BSONValue.init) ?? .null
      }
    }
    try body()
    var found: [String] = []
    let own = store.databaseName + "."
    func add(_ entry: BSONFields) {
      if let name = entry["ns"]?.text, name.hasPrefix(own) { found.append(String(name.dropFirst(own.count))) }
      for inner in entry["o"]?.fields?["applyOps"]?.elements ?? [] {
        if let inner = inner.fields { add(inner) }
      }
    }
    try journal.withConnection { connection in
      try connection.find(try BSONDocument(["ts": ["$gt": last]]), in: "oplog.rs") { add(try BSONFields($0)) }
    }
    return found
  }

  /// Runs a loader over requests, and says what it told.
  func load(_ assembler: DocumentAssembler, _ parts: [[Part]]) throws -> Told {
    let told = Mutex(Told())
    let loader = DocumentLoader(
      store: store, states: StoredStates(store: store, collections: [:]), assembler: assembler,
      counted: { tally in
        let total = tally.total
        told.withLock { told in
          for (outcome, count) in [
            ("inserted", total.inserted), ("replaced", total.replaced), ("unchanged", total.unchanged),
          ] where count > 0 { told.outcomes[outcome, default: 0] += count }
        }
      },
      refused: { document, reason in told.withLock { $0.refused.append((document.id, reason)) } })
    loader.start()
    var requests: [LoadRequest] = []
    for parts in parts {
      requests.append(
        LoadRequest(try assembler.assemble(kind: parts[0].kind, id: parts[0].documentID, parts: parts)))
      if requests.count == 100 {
        #expect(loader.put(requests))
        requests = []
      }
    }
    #expect(loader.put(requests))
    if let failure = loader.finish() { throw failure }
    return told.withLock { $0 }
  }

  struct Told: Sendable {
    var outcomes: [String: Int] = [:]
    var refused: [(id: String, reason: String)] = []
  }
}
