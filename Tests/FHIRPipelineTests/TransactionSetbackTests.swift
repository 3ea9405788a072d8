import BSON
import DocumentStore
import FHIRMapping
@testable import FHIRPipeline
import Foundation
import TestSupport
import Testing

/// Transactions that the server does not take as one: they are set aside whole, with a word of what to do, and all else is loaded.
@Suite(.serialized, .enabled(if: TestDatabase.mayRun && OwnServer.program != nil))
struct TransactionSetbackTests {
  struct Setback: Sendable, CustomTestStringConvertible {
    let code: Int32
    var labels: [String] = []
    let words: [String]
    var testDescription: String { "\(code)" }
  }

  static let setbacks = [
    Setback(code: 388, words: ["--wiredTigerCacheSizeGB", "split the Bundle", "--no-transactions"]),
    Setback(code: 257, words: ["split the Bundle", "--no-transactions"]),
    Setback(
      code: 251, labels: ["TransientTransactionError"],
      words: ["transactionLifetimeLimitSeconds", "split the Bundle", "--no-transactions"]),
    Setback(
      code: 290, labels: ["TransientTransactionError"],
      words: ["transactionLifetimeLimitSeconds", "--no-transactions"]),
  ]

  /// A transaction with an appointment, which nothing else has, beside a batch and a transaction without one.
  private func files(_ count: Int = 3) -> [(String, String)] {
    let entries = (0..<count).map { organization("a\($0)") }
    return [
      ("a.json", BundleText.bundle("transaction", [patient("p"), appointment("v", of: "p")] + entries)),
      ("b.json", BundleText.bundle("batch", [organization("b")])),
      ("c.json", BundleText.bundle("transaction", [patient("q"), BundleText.delete("Organization/gone")])),
    ]
  }

  private func patient(_ id: String) -> String {
    BundleText.put(#"{"resourceType":"Patient","id":"\#(id)"}"#, "Patient/\(id)")
  }

  private func organization(_ id: String) -> String {
    BundleText.put(#"{"resourceType":"Organization","id":"\#(id)","name":"N"}"#, "Organization/\(id)")
  }

  private func appointment(_ id: String, of patient: String) -> String {
    BundleText.put(
      #"{"resourceType":"Appointment","id":"\#(id)","status":"booked","start":"2024-01-01T10:00:00Z","#
        + #""end":"2024-01-01T10:30:00Z","participant":[{"actor":{"reference":"Patient/\#(patient)"},"status":"accepted"}]}"#,
      "Appointment/\(id)")
  }

  @Test func `what the server gives up is set aside whole, and can be loaded when it is able to`() throws {
    let scene = try SetbackScene()
    defer { scene.end() }
    for setback in TransactionSetbackTests.setbacks {
      for heldBytes in [100, 16 << 20] {
        try scene.empty()
        _ = try scene.load([("0.json", BundleText.bundle("batch", [organization("gone")]))])
        try scene.fail("insert", with: setback.code, setback.labels, in: "appointment")
        let summary = try scene.load(files(), heldBytes: heldBytes)
        try scene.stopFailing()
        #expect(summary.total.quarantined == 5 && summary.total.inserted == 2 && summary.deleted == 1)
        #expect(summary.total.read == summary.total.accounted)
        let found = try scene.contents()
        #expect(Set(found["patient"] ?? []) == ["q"] && Set(found["resource"] ?? []) == ["Organization/b"])
        #expect(found["patient_chart"] == ["q"] && found["appointment"] == nil && found["provider"] == nil)
        let reasons = try scene.quarantine()
        for word in setback.words { #expect(reasons.allSatisfy { $0.contains(word) }, "\(setback.code)") }
        #expect(reasons.count == 5 && reasons.allSatisfy { !$0.contains("refused a document") })

        let again = try scene.load(files(), heldBytes: heldBytes)
        #expect(again.total.inserted == 5 && again.total.unchanged == 2 && again.total.quarantined == 0)
      }
    }
  }

  @Test func `others that come in between are waited for, and not counted twice`() throws {
    let scene = try SetbackScene()
    defer { scene.end() }
    for (command, code) in [
      ("insert", Int32(112)), ("commitTransaction", 112), ("insert", 24), ("insert", 251),
    ] {
      try scene.empty()
      try scene.fail(
        command, with: code, ["TransientTransactionError"], in: command == "insert" ? "appointment" : nil,
        times: 2)
      let summary = try scene.load(files())
      try scene.stopFailing()
      #expect(summary.total.inserted == 7 && summary.total.quarantined == 0, "\(command) \(code)")
    }
  }

  /// The server's own limits, and not what a test makes it say.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["FHIRLINE_TORTURE"] != nil))
  func `a transaction that outgrows the cache, or lasts too long, leaves nothing behind`() throws {
    let scene = try SetbackScene(["transactionLifetimeLimitSeconds=1"])
    defer { scene.end() }
    try scene.hold("insert", milliseconds: 2500, in: "appointment")
    let slow = try scene.load(files())
    try scene.stopFailing()
    #expect(slow.total.quarantined == 5 && slow.total.inserted == 2)
    #expect(try scene.quarantine().allSatisfy { $0.contains("transactionLifetimeLimitSeconds") })
    #expect(try scene.load(files()).total.inserted == 5)

    // The cache has 256 MB, and lets a fifth of them be changed.
    let text = String(repeating: "text of a report ", count: 6_000)
    let reports = (0..<1500).map { number in
      BundleText.put(
        #"{"resourceType":"Observation","id":"o\#(number)","status":"final","code":{"text":"x"},"#
          + #""subject":{"reference":"Patient/r\#(number % 100)"},"valueString":"\#(text) \#(number)"}"#,
        "Observation/o\(number)")
    }
    let large = (
      "large.json", BundleText.bundle("transaction", (0..<100).map { patient("r\($0)") } + reports)
    )
    let before = try scene.contents()
    let outgrown = try SetbackScene()
    defer { outgrown.end() }
    let summary = try outgrown.load([large, files()[1]])
    #expect(summary.total.quarantined == 1600 && summary.total.inserted == 1)
    #expect(try outgrown.contents()["patient"] == nil && outgrown.contents()["patient_chart"] == nil)
    #expect(try outgrown.quarantine().allSatisfy { $0.contains("--wiredTigerCacheSizeGB") })
    #expect(try scene.contents() == before)
    let each = try outgrown.load([large], honoursTransactions: false)
    #expect(each.total.inserted == 1600)
  }
}

/// A replica set of its own, whose commands can be made to fail.
private final class SetbackScene {
  private let server: OwnServer
  private let folder: URL
  private let store: DocumentStore
  private let admin: DocumentStore
  private let mappings: MappingSet

  init(_ parameters: [String] = []) throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "fhirline-setback-" + UUID().uuidString)
    server = try OwnServer(
      folder: folder.appending(path: "db").path,
      arguments: ["--replSet", "rs", "--oplogSize", "64"]
        + (["enableTestCommands=1"] + parameters).flatMap { ["--setParameter", $0] })
    try OwnServer.initiate([server])
    store = try server.store(database: "setback")
    admin = try server.direct()
    mappings = try MappingSet.builtIn()
    try #require(store.server.hasTransactions)
  }

  func end() {
    server.kill()
    try? FileManager.default.removeItem(at: folder)
  }

  // MARK: The server

  func fail(
    _ command: String, with code: Int32, _ labels: [String], in collection: String?, times: Int32? = nil
  ) throws {
    var data: BSONFields = [
      "errorCode": .int32(code), "failCommands": [.string(command)],
      "errorLabels": .array(labels.map { .string($0) }),
    ]
    if let collection { data["namespace"] = .string("setback." + collection) }
    try configure(times.map { ["times": .int32($0)] } ?? "alwaysOn", data)
  }

  func hold(_ command: String, milliseconds: Int32, in collection: String) throws {
    try configure(
      "alwaysOn",
      [
        "blockConnection": true, "blockTimeMS": .int32(milliseconds), "failCommands": [.string(command)],
        "namespace": .string("setback." + collection),
      ])
  }

  func stopFailing() throws { try configure("off", [:]) }

  private func configure(_ mode: BSONValue, _ data: BSONFields) throws {
    try admin.withConnection { connection in
      _ = try connection.command(
        try BSONDocument(["configureFailPoint": "failCommand", "mode": mode, "data": .document(data)]))
    }
  }

  func empty() throws { try store.withConnection { connection in try connection.dropDatabase() } }

  /// The `_id`s of what is in the database, without the program's own notes.
  func contents() throws -> [String: [String]] {
    var found: [String: [String]] = [:]
    try store.withConnection { connection in
      for name in try connection.collectionNames() where !name.hasPrefix("fhirline_") {
        try connection.find(in: name, options: FindOptions(sort: ["_id": 1], projection: ["_id": 1])) {
          found[name, default: []].append(try $0.find("_id")?.text ?? "")
        }
      }
    }
    return found
  }

  // MARK: Imports

  func load(_ files: [(String, String)], heldBytes: Int = 16 << 20, honoursTransactions: Bool = true) throws
    -> ImportSummary
  {
    var paths: [String] = []
    for (name, text) in files {
      let file = folder.appending(path: name)
      try Data(text.utf8).write(to: file)
      paths.append(file.path)
    }
    try? FileManager.default.removeItem(atPath: quarantinePath)
    var run = ImportRun(mappings: mappings, collections: [:])
    run.showsProgress = false
    run.heldBundleBytes = heldBytes
    run.honoursTransactions = honoursTransactions
    run.quarantinePath = quarantinePath
    let outcome = try run.run(try InputFile.find(paths), store: store)
    #expect(outcome.failure == nil)
    return outcome.summary
  }

  private var quarantinePath: String { folder.appending(path: "quarantine.ndjson").path }

  /// The last import's reasons, an entry each.
  func quarantine() throws -> [String] {
    try String(contentsOfFile: quarantinePath, encoding: .utf8).split(separator: "\n").map { line in
      let entry = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      let issues = entry?["issues"] as? [[String: Any]]
      return issues?.first?["message"] as? String ?? ""
    }
  }
}
