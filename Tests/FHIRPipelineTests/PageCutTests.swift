import BSON
import DocumentStore
import FHIRMapping
@testable import FHIRPipeline
import Foundation
import TestSupport
import Testing

/// A server without transactions, and imports that change charts of several pages there, cut off at each write in turn.
@Suite(.serialized, .enabled(if: TestDatabase.mayRun && OwnServer.program != nil))
struct PageCutTests {
  enum Change: CaseIterable {
    /// Items before, between and behind those that are there, others larger: all move on.
    case grows
    /// Most go, and what is left moves back.
    case shrinks
    /// All goes, the patient too.
    case goes
    /// A chart of one page gets several.
    case spreads
    /// A chart of several pages from the beginning.
    case begins
    /// Somebody deleted the first page of one, and more comes.
    case goesOn
    /// The same, and what comes needs no page of its own.
    case goesOnALittle
  }

  @Test func `whatever was written last, nothing is lost, and the next run ends like one that was not cut`()
    throws
  {
    let scene = try PageCutScene()
    defer { scene.end() }
    // `make torture` cuts at every write.
    let step = ProcessInfo.processInfo.environment["FHIRLINE_TORTURE"] == nil ? 3 : 1
    for (number, change) in Change.allCases.enumerated() {
      try scene.prepare(change)
      let whole = try scene.whole()
      #expect((whole["patient_chart"]?.count ?? 0) > (change == .shrinks ? 1 : change == .goes ? -1 : 4))
      #expect(whole["fhirline_pages"] == nil)
      var cut = number % step
      while try scene.isCut(after: cut) {
        let label: Comment = "\(change), cut after \(cut) writes"
        if change != .shrinks, change != .goes {
          #expect(try scene.observations().isSuperset(of: scene.earlier), label)
        }
        try scene.goOn(label)
        let found = try scene.contents()
        #expect(found.keys.sorted() == whole.keys.sorted(), label)
        for (name, documents) in whole { #expect(found[name] == documents, "\(name): \(label)") }
        cut += step
        try #require(cut < 200)
      }
      // The import's note, the change's, pages, the first page, and what ends it.
      #expect(cut > 6, "\(change)")
    }
  }

  @Test func `who meets another's change waits for its end, and one that broke off is put right`() throws {
    let scene = try PageCutScene()
    defer { scene.end() }
    try scene.prepare(.grows)
    let whole = try scene.whole()
    // One that was cut has changed its first pages.
    var cut = 0
    repeat {
      cut += 1
      try #require(try scene.isCut(after: cut, isGone: false))
    } while try scene.contents()["fhirline_pages"]?.count ?? 0 < 3
    // It is this very process's, which has no such change any more.
    try scene.load([.init(name: "grows.ndjson", text: scene.text(.grows))])
    let found = try scene.contents()
    #expect(found["fhirline_pages"] == nil)
    #expect(try scene.observations() == scene.observations(of: whole["patient_chart"] ?? []))
  }

  @Test func `imports at once lose nothing of each other's`() throws {
    let scene = try PageCutScene()
    defer { scene.end() }
    try scene.prepare(.begins)
    let texts = (0..<3).map { number in
      (0..<40).map { scene.observation("m\($0 * 3 + number)", of: "many", "of \(number)") }.joined(
        separator: "\n")
    }
    DispatchQueue.concurrentPerform(iterations: texts.count) { number in
      do {
        try scene.load([.init(name: "at-once-\(number).ndjson", text: texts[number])])
      } catch {
        Issue.record(error)
      }
    }
    let charts = try scene.contents()["patient_chart"] ?? []
    #expect(scene.observations(of: charts).filter { $0.hasPrefix("m") }.count == 120)
    #expect(try scene.contents()["fhirline_pages"] == nil)
  }
}

/// A server of its own, and a database that is set back to what it had.
private final class PageCutScene: Sendable {
  struct Input {
    var name: String
    var text: String
  }

  private let server: OwnServer
  private let folder: URL
  private let mappings: MappingSet
  private let store: DocumentStore
  /// The server's own database.
  private let admin: DocumentStore
  nonisolated(unsafe) private var before: [String: [BSONDocument]] = [:]
  nonisolated(unsafe) private var inputs: [Input] = []

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "fhirline-cut-" + UUID().uuidString)
    server = try OwnServer(
      folder: folder.appending(path: "db").path, arguments: ["--setParameter", "enableTestCommands=1"])
    mappings = try MappingSet.builtIn()
    store = try server.store(database: "cut")
    admin = try server.direct()
    try #require(!store.server.hasTransactions)
  }

  func end() {
    server.kill()
    try? FileManager.default.removeItem(at: folder)
  }

  // MARK: Inputs

  /// The observations that were there before.
  private(set) nonisolated(unsafe) var earlier: Set<String> = []

  func observation(_ id: String, of patient: String, _ text: String) -> String {
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"text":"\#(text)"},"subject":{"reference":"Patient/\#(patient)"}}"#
  }

  private func patient(_ id: String) -> String { #"{"resourceType":"Patient","id":"\#(id)"}"# }

  func text(_ change: PageCutTests.Change) -> String {
    switch change {
    case .grows, .goesOn:
      return
        ((0..<60).map { number in
          observation(
            number < 10 ? "o0\(number)" : "o\(number)", of: "p",
            number % 3 == 0 ? String(repeating: "more ", count: number) : "text")
        }).joined(separator: "\n")
    case .shrinks:
      let gone = earlier.sorted().filter { !$0.hasSuffix("3") }
      return BundleText.bundle("batch", gone.map { BundleText.delete("Observation/" + $0) })
    case .goes:
      let gone = earlier.sorted().map { "Observation/" + $0 } + ["Patient/p"]
      return BundleText.bundle("batch", gone.map(BundleText.delete))
    case .goesOnALittle: return observation("o00", of: "p", "text")
    case .spreads:
      return (0..<40).map { observation("s\($0)", of: "small", "text") }.joined(separator: "\n")
    case .begins:
      return ([patient("q")] + (0..<40).map { observation("n\($0)", of: "q", "text") }).joined(
        separator: "\n")
    }
  }

  /// Loads what is there before a change, which comes as Bundles do or as bulk files do.
  func prepare(_ change: PageCutTests.Change) throws {
    before = [:]
    try restore()
    earlier = Set((10..<40).map { "o\($0)" })
    let isBundle = change == .shrinks || change == .goes
    inputs = [.init(name: isBundle ? "change.json" : "change.ndjson", text: text(change))]
    let lines =
      [patient("p"), patient("small"), observation("x1", of: "small", "text")]
      + earlier.sorted().map { observation($0, of: "p", "text") }
    try load([.init(name: "before.ndjson", text: lines.joined(separator: "\n"))])
    if change == .goesOn || change == .goesOnALittle {
      try store.withConnection { connection in
        _ = try connection.write([.delete(filter: ["_id": "p"], many: false)], in: "patient_chart")
      }
      earlier = try observations()
    }
    before = try contents(all: true)
    #expect((before["patient_chart"]?.count ?? 0) > 3)
  }

  // MARK: Runs

  func load(_ inputs: [Input]) throws {
    var files: [String] = []
    for input in inputs {
      let file = folder.appending(path: input.name)
      try Data(input.text.utf8).write(to: file)
      files.append(file.path)
    }
    var run = ImportRun(mappings: mappings, collections: [:])
    run.showsProgress = false
    run.chartPageBytes = 2000
    run.quarantinePath = folder.appending(path: "quarantine-\(inputs[0].name)").path
    if let failure = try run.run(try InputFile.find(files), store: store).failure { throw failure }
  }

  func whole() throws -> [String: [BSONDocument]] {
    try restore()
    try load(inputs)
    return try contents()
  }

  /// Runs the import so that the server takes so many writes and no more; false where it needs no more.
  ///
  /// - Parameter isGone: whether its process is gone afterwards.
  func isCut(after writes: Int, isGone: Bool = true) throws -> Bool {
    try restore()
    try server.order([
      "configureFailPoint": "failCommand", "mode": ["skip": .int32(Int32(writes))],
      "data": [
        "errorCode": 14031, "failCommands": ["insert", "update", "delete", "create", "createIndexes"],
      ],
    ])
    var isCut = false
    do { try load(inputs) } catch { isCut = true }
    try server.order(["configureFailPoint": "failCommand", "mode": "off"])
    guard isCut, isGone else { return isCut }
    var process = ImportingProcess.current
    process.boot = "before"
    let change = try BSONDocument(["$set": ["process": .string(process.text)]])
    try store.withConnection { connection in
      for (name, field) in [("fhirline_run", "finished"), ("fhirline_pages", "of")] {
        let filter = try BSONDocument([field: ["$exists": false]])
        _ = try connection.write([.update(filter: filter, change, upsert: false, many: true)], in: name)
      }
    }
    return true
  }

  private func order(_ command: BSONDocument) throws {
    try admin.withConnection { connection in _ = try connection.command(command) }
  }

  func goOn(_ label: Comment) throws {
    do { try load(inputs) } catch { Issue.record(error, label) }
  }

  // MARK: The database

  private func restore() throws {
    try store.withConnection { connection in
      for name in try connection.collectionNames() {
        _ = try connection.write([.delete(filter: [:], many: true)], in: name)
      }
      for (name, documents) in before { _ = try connection.insert(documents, into: name) }
    }
  }

  /// What is in the database; without the imports' notes, which tell times.
  func contents(all: Bool = false) throws -> [String: [BSONDocument]] {
    var found: [String: [BSONDocument]] = [:]
    try store.withConnection { connection in
      for name in try connection.collectionNames() where all || name != "fhirline_run" {
        var documents: [BSONDocument] = []
        try connection.find(in: name, options: FindOptions(sort: ["_id": 1])) { document in
          documents.append(BSONDocument(copying: document))
        }
        if !documents.isEmpty { found[name] = documents }
      }
    }
    return found
  }

  /// The ids of the observations in charts, and in pages as they were before a change.
  func observations() throws -> Set<String> {
    let found = try contents()
    let copies = try (found["fhirline_pages"] ?? []).compactMap { note in
      try note.withView { try $0.find("page")?.document.map { BSONDocument(copying: $0) } }
    }
    return Set(observations(of: (found["patient_chart"] ?? []) + copies))
  }

  func observations(of pages: [BSONDocument]) -> Set<String> {
    var ids: Set<String> = []
    for page in pages {
      for item in (try? page.fields())?["observations"]?.elements ?? [] {
        if let id = item.fields?["id"]?.text { ids.insert(id) }
      }
    }
    return ids
  }
}
