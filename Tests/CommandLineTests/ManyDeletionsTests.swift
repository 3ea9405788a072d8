import BSON
import Foundation
import TestSupport
import Testing

/// Many deletions: they are looked for, and done, many at a time.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct ManyDeletionsTests {
  private static let count = 1200

  private struct Counts: Decodable {
    var deleted: Int
    var notDeleted: Int
  }

  private struct Plan: Decodable {
    var deletions: Int
    var resources: Counts
  }

  private let workspace: Workspace

  init() throws { workspace = try Workspace() }

  private func patient(_ number: Int) -> String { #"{"resourceType":"Patient","id":"p\#(number)"}"# }

  /// Three stand in the chart of each third patient.
  private func observation(_ number: Int) -> String {
    #"{"resourceType":"Observation","id":"o\#(number)","status":"final","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient/p\#(number - number % 3)"}}"#
  }

  private func deletions(_ name: String, _ type: String, _ keys: [String]) throws -> String {
    try workspace.write(name, BundleText.bundle(type, keys.map(BundleText.delete)))
  }

  private func told<Told: Decodable>(_ arguments: [String], status: Int32 = 0) throws -> Told {
    let outcome = try workspace.run(arguments)
    #expect(outcome.status == status, "\(outcome.errors)")
    return try JSONDecoder().decode(Told.self, from: Data(outcome.output.utf8))
  }

  private func configuration(_ layout: String) throws -> String {
    try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
  }

  private func load(_ config: String) throws {
    let people = (0..<Self.count).map(patient) + (0..<Self.count).map(observation)
    let summary = try workspace.importFiles(
      try workspace.write("in.ndjson", people.joined(separator: "\n")), "--config", config)
    #expect(summary.loaded.inserted == 2 * Self.count)
  }

  /// What is left where each second observation goes, and each fourth patient.
  private func expectRest(_ layout: String) throws {
    var charts: [String: [String]] = [:]
    for number in 0..<Self.count {
      let owner = "p\(number - number % 3)"
      if number % 2 == 1 { charts[owner, default: []].append("o\(number)") }
    }
    let patients = Set((0..<Self.count).filter { $0 % 4 != 0 }.map { "p\($0)" })
    var found: [String: [String]] = [:]
    var known: Set<String> = []
    func read(_ chart: BSONFields, of id: String) {
      let items = (chart["observations"]?.elements ?? []).compactMap { $0.fields?["id"]?.text }
      if !items.isEmpty { found[id] = items.sorted() }
    }
    for document in try workspace.documents(in: "patient") {
      let id = document["_id"]?.text ?? ""
      if document["_fhirline"]?.fields?["key"] != nil { known.insert(id) }
      if layout != "collection" { read(document["patient_chart"]?.fields ?? [:], of: id) }
    }
    if layout != "embedded" {
      let copies = found
      found = [:]
      for document in try workspace.documents(in: "patient_chart") {
        let id = document["_id"]?.text ?? ""
        read(document, of: id)
        // The chart of a patient who is gone is nobody's, if nothing is in it.
        #expect(patients.contains(id) || charts[id] != nil, "\(id)")
      }
      if layout == "both" { #expect(copies == found) }
    }
    #expect(known == patients)
    #expect(found == charts.mapValues { $0.sorted() })
  }

  private static let deletedKeys =
    stride(from: 0, to: count, by: 2).map { "Observation/o\($0)" }
    + stride(from: 0, to: count, by: 4).map { "Patient/p\($0)" } + ["Patient/nobody", "Observation/none"]

  @Test(arguments: ["collection", "embedded", "both"], ["batch", "transaction"])
  func `what is there goes, and nothing else, as was planned`(layout: String, type: String) throws {
    let config = try configuration(layout)
    try load(config)
    let file = try deletions("delete.json", type, Self.deletedKeys)
    let expected = Self.deletedKeys.count - 2
    let planned: Plan = try told(["plan", file, "--format", "json", "--config", config])
    #expect(planned.deletions == Self.deletedKeys.count && planned.resources.deleted == expected)
    let options = ["--summary", "json", "--config", config, "--quarantine", workspace.path("q.ndjson")]
    let done: Counts = try told(["import", file] + options)
    #expect(done.deleted == expected && done.notDeleted == 0)
    try expectRest(layout)
    let again: Counts = try told(["import", file] + options)
    #expect(again.deleted == 0)
    try expectRest(layout)
  }

  @Test(arguments: ["batch", "transaction"])
  func `the database is asked few questions`(type: String) throws {
    let config = try configuration("collection")
    try load(config)
    let file = try deletions("delete.json", type, Self.deletedKeys)
    for _ in 0..<2 {
      let asked = try workspace.questions { _ = try workspace.importFiles(file, "--config", config) }
      #expect(asked < Self.count / 10)
      let planned = try workspace.questions {
        let outcome = try workspace.run("plan", file, "--config", config)
        #expect(outcome.status == 0)
      }
      #expect(planned < Self.count / 10)
    }
  }

  @Test func `an application's own documents stay, each told with its entry`() throws {
    let config = try configuration("collection")
    try load(config)
    let own = (0..<40).map { BSONFields([.init("_id", .string("own\($0)")), .init("name", "N")]) }
    try workspace.insert(own, into: "patient")
    let keys = Self.deletedKeys + (0..<40).map { "Patient/own\($0)" }
    let file = try deletions("delete.json", "batch", keys)
    let options = ["--summary", "json", "--config", config, "--quarantine", workspace.path("q.ndjson")]
    let counts: Counts = try told(["import", file] + options, status: 1)
    #expect(counts.deleted == Self.deletedKeys.count - 2 && counts.notDeleted == 40)
    let aside = try workspace.read("q.ndjson").split(separator: "\n")
    #expect(aside.count == 40 && Set(aside).count == 40)
    #expect(aside.allSatisfy { $0.contains("Patient/own") && $0.contains("Bundle.entry[") })
    #expect(try workspace.documents(in: "patient").count == Self.count * 3 / 4 + 40)
  }

  @Test(arguments: ["collection", "embedded", "both"])
  func `nothing stays of a patient who goes with all that was known of them`(layout: String) throws {
    let config = try configuration(layout)
    let lines = try workspace.write(
      "in.ndjson",
      """
      {"resourceType":"Patient","id":"p"}
      {"resourceType":"Patient","id":"other"}
      {"resourceType":"Practitioner","id":"d"}
      {"resourceType":"Appointment","id":"a","status":"booked","start":"2024-01-01T09:00:00Z",\
      "end":"2024-01-01T09:30:00Z","participant":[{"actor":{"reference":"Patient/p"},"status":"accepted"},\
      {"actor":{"reference":"Practitioner/d"},"status":"accepted"},{"actor":{"reference":"Patient/other"},\
      "status":"accepted"}]}
      {"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p"},"code":{"text":"x"}}
      """)
    #expect(try workspace.importFiles(lines, "--config", config).loaded.inserted == 5)
    let file = try deletions(
      "d.json", "batch", ["Patient/p", "Practitioner/d", "Appointment/a", "Condition/c"])
    for _ in 0..<2 {
      _ = try workspace.importFiles(file, "--config", config)
      #expect(try workspace.documents(in: "patient").map { $0["_id"] } == ["other"])
      #expect(try workspace.documents(in: "provider").isEmpty)
      // Who stays keeps the chart, if an empty one.
      let charts = try workspace.documents(in: "patient_chart").map { $0["_id"] }
      #expect(charts == (layout == "embedded" ? [] : ["other"]))
    }
  }
}
