import BSON
import Foundation
import Testing

/// The copies of charts within their patients (`chart: both`) are for reading: what an application writes into one is told, and stays
/// until somebody has taken it out; a copy that nobody changed follows its chart.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct ChartCopyTests {
  private let workspace: Workspace
  private let options: [String]

  init() throws {
    workspace = try Workspace()
    options = ["--config", try workspace.write("pipeline.yml", "documents:\n  chart: both\n")]
    _ = try load([#"{"resourceType":"Patient","id":"p"}"#, weight(150, on: "2020-01-01"), condition("a")])
  }

  private func weight(_ pounds: Int, on day: String) -> String {
    #"{"resourceType":"Observation","id":"\#(day)","status":"final","subject":{"reference":"Patient/p"},"#
      + #""code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"effectiveDateTime":"\#(day)","#
      + #""valueQuantity":{"value":\#(pounds),"system":"http://unitsofmeasure.org","code":"[lb_av]"}}"#
  }

  private func condition(_ id: String, of patient: String = "p") -> String {
    #"{"resourceType":"Condition","id":"\#(id)","subject":{"reference":"Patient/\#(patient)"},"code":{"text":"x"}}"#
  }

  private func load(_ lines: [String], status: Int32 = 0) throws -> String {
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n"))
    let outcome = try workspace.run(
      ["import", file, "--no-progress", "--quarantine", workspace.path("q.ndjson")] + options)
    #expect(outcome.status == status, "\(outcome.errors)")
    return outcome.errors
  }

  /// What an export tells of the patient's chart.
  private func told() throws -> [String] {
    let report = workspace.path("notes.ndjson")
    let arguments = ["export", "--out", workspace.path("out"), "--report", report, "--quiet"]
    let outcome = try workspace.run(arguments + options)
    #expect(outcome.status == 0, "\(outcome.errors)")
    return ((try? workspace.read("notes.ndjson")) ?? "").split(separator: "\n").map(String.init)
      .filter { $0.contains("patient_chart") }
  }

  private func doctor() throws -> String { try workspace.run(["doctor"] + options).output }

  private func charts() throws -> (chart: BSONFields, copy: BSONFields?) {
    (
      try workspace.document("p", in: "patient_chart"),
      try workspace.document("p", in: "patient")["patient_chart"]?.fields
    )
  }

  @Test func `what an application writes into a copy is told, and stays until it is taken out`() throws {
    #expect(try told().isEmpty)
    #expect(try !doctor().contains("copy-differs"))
    try workspace.set("patient_chart.weight", to: 180, of: "p", in: "patient")
    #expect(try told().count == 1)
    #expect(try doctor().contains("an application changed the copy"))
    for id in ["b", "c"] {
      #expect(try load([condition(id)], status: 1).contains("an application changed the copy"))
    }
    #expect(try charts().chart["conditions"]?.elements?.count == 3)
    #expect(try charts().copy?["weight"] == 180)
    try workspace.set("patient_chart", to: .null, of: "p", in: "patient")
    _ = try load([condition("d")])
    let (chart, copy) = try charts()
    #expect(copy?["weight"] == chart["weight"] && copy?["conditions"] == chart["conditions"])
    #expect(try told().isEmpty)
    #expect(try !doctor().contains("copy-differs"))
  }

  /// What changes a chart besides resources that are loaded for it.
  enum Change: CaseIterable { case deletion, transaction, move, visit, departure }

  private func visit(of patient: String, version: Int) -> String {
    #"{"resourceType":"Appointment","id":"v","meta":{"versionId":"\#(version)"},"status":"booked","start":"2024-03-01T09:00:00Z","#
      + #""end":"2024-03-01T09:30:00Z","participant":[{"actor":{"reference":"Patient/\#(patient)"},"status":"accepted"}]}"#
  }

  @Test(arguments: Change.allCases) func `nothing that changes a chart writes over an edited copy`(
    change: Change
  ) throws {
    _ = try load([#"{"resourceType":"Patient","id":"q"}"#, condition("a2"), condition("a3")])
    if change == .departure { _ = try load([visit(of: "p", version: 1)]) }
    try workspace.set("patient_chart.weight", to: 180, of: "p", in: "patient")
    let before = try charts()
    var lines: [String]
    switch change {
    case .deletion, .transaction:
      let type = change == .deletion ? "batch" : "transaction"
      lines = [
        #"{"resourceType":"Bundle","type":"\#(type)","entry":[{"request":{"method":"DELETE","url":"Condition/a"}}]}"#
      ]
    case .move: lines = [condition("a", of: "q")]
    case .visit: lines = [visit(of: "p", version: 1)]
    case .departure: lines = [visit(of: "q", version: 2)]
    }
    let told = try load(lines, status: 1)
    #expect(told.components(separatedBy: "an application changed the copy").count == 2, "\(change): \(told)")
    let after = try charts()
    #expect(after.chart != before.chart && after.copy == before.copy, "\(change)")
    #expect(try doctor().contains("an application changed the copy"))
  }

  @Test func `who writes into the chart as well as into the copy is not bothered`() throws {
    try workspace.set("patient_chart.weight", to: 180, of: "p", in: "patient")
    try workspace.set("weight", to: 180, of: "p", in: "patient_chart")
    #expect(try told().isEmpty)
    #expect(try !doctor().contains("copy-differs"))
    // What is newer than the edit replaces it, in both.
    _ = try load([weight(155, on: "2021-01-01"), condition("b")])
    let (chart, copy) = try charts()
    #expect(chart["weight"] == .double(155) && copy?["weight"] == .double(155))
    #expect(try !doctor().contains("copy-differs"))
  }

  @Test func `a copy that nobody changed follows its chart`() throws {
    try workspace.set("weight", to: 170, of: "p", in: "patient_chart")
    #expect(try told().isEmpty)
    #expect(try doctor().contains("the chart was changed since the copy was made"))
    _ = try load([condition("b")])
    #expect(try charts().copy?["weight"] == 170)
    #expect(try !doctor().contains("copy-differs"))
  }

  @Test func `a copy that could not be made does not keep the next import from being made`() throws {
    let own = try Workspace()
    let config = try own.write("pipeline.yml", "documents:\n  chart: both\n")
    try own.insert([["_id": "n", "patient_chart": ["weight": 150]]], into: "patient")
    try own.insert([["_id": "n", "weight": 160]], into: "patient_chart")
    for id in ["a", "b"] {
      let outcome = try own.run(
        "import", own.write("in.ndjson", condition(id, of: "n")), "--config", config, "--no-progress")
      #expect(outcome.status == 1, "\(outcome.errors)")
      #expect(outcome.errors.contains("an application's own chart stands there"), "\(outcome.errors)")
    }
    #expect(try own.document("n", in: "patient_chart")["conditions"]?.elements?.count == 2)
    #expect(try own.document("n", in: "patient")["patient_chart"] == ["weight": 150])
  }
}
