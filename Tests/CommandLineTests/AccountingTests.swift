import BSON
import Foundation
import Testing

/// Read = inserted + replaced + unchanged + set aside, on every path that a resource can take.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct AccountingTests {
  private func summary(_ outcome: Program.Outcome) throws -> Workspace.Summary {
    try JSONDecoder().decode(Workspace.Summary.self, from: Data(outcome.output.utf8))
  }

  /// Imports, and expects that each of the resources is somewhere.
  @discardableResult
  private func load(_ workspace: Workspace, _ arguments: String..., read: Int) throws -> Workspace.Summary {
    let outcome = try Program.run(
      ["import", "--summary", "json", "--no-progress", "--quarantine", workspace.path("quarantine.ndjson")]
        + arguments, environment: ["FHIRLINE_DATABASE": workspace.database])
    let summary = try summary(outcome)
    #expect(summary.read == read && summary.accounted == read, "\(outcome.output)\(outcome.errors)")
    #expect(!summary.stopped)
    let files = try FileManager.default.contentsOfDirectory(atPath: workspace.folder.path)
    let aside = try files.filter { $0.hasPrefix("quarantine") }.reduce(0) {
      $0 + (try workspace.read($1).split(separator: "\n").count)
    }
    for file in files where file.hasPrefix("quarantine") {
      try FileManager.default.removeItem(atPath: workspace.path(file))
    }
    #expect(aside == summary.quarantined)
    return summary
  }

  private func observation(_ id: String, of patient: String = "p", _ more: String = "") -> String {
    #"{"resourceType":"Observation","id":"\#(id)","status":"final","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient/\#(patient)"}\#(more)}"#
  }

  @Test func `lines, files and entries that cannot be read`() throws {
    let workspace = try Workspace()
    let lines = try workspace.write(
      "lines.ndjson",
      """
      {"resourceType":"Patient","id":"p"}
      {"resourceType":"Patient","id":"p"
      nothing

      {"resourceType":"Nobody","id":"x"}
      {"resourceType":"Patient","id":"p","nobody":1}
      \(observation("o"))

      """)
    try load(workspace, lines, read: 6)
    let bundle = try workspace.write(
      "bundle.json",
      #"{"resourceType":"Bundle","type":"batch","entry":["#
        + #"{"request":{"method":"DELETE","url":"Patient/gone"}},"#
        + #"{"resource":{"resourceType":"Patient","id":"q"},"request":{"method":"POST","url":"Patient"}},"#
        + #"{"resource":{"id":"no type"},"request":{"method":"POST","url":"Patient"}},"#
        + #"{"resource":\#(observation("b", of: "q")),"request":{"method":"POST","url":"Observation"}}]}"#)
    try load(workspace, bundle, read: 3)
    let cut = try workspace.write(
      "cut.json", String(try workspace.read("bundle.json").dropLast(40)))
    try load(workspace, cut, read: 3)
    let xml = try workspace.write(
      "x.xml", #"<Patient xmlns="http://hl7.org/fhir"><id value="x"/><gender value="none"/></Patient>"#)
    try load(workspace, xml, read: 1)
  }

  @Test func `several forms of one resource in one run, in charts and out of them`() throws {
    let workspace = try Workspace()
    let lines = (0..<5).flatMap { number in
      [
        #"{"resourceType":"Patient","id":"p","birthDate":"198\#(number)"}"#,
        #"{"resourceType":"Organization","id":"o","name":"N\#(number)"}"#,
        observation("o", of: "p", #","valueInteger":\#(number)"#), observation("same"),
        #"{"resourceType":"Practitioner","id":"d","birthDate":"197\#(number)"}"#,
      ]
    }
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n") + "\n")
    try load(workspace, file, read: 25)
    try load(workspace, file, "--workers", "1", read: 25)
    try load(workspace, file, read: 25)
  }

  @Test func `documents and pages that the database refuses, and what is replayed of them`() throws {
    let workspace = try Workspace()
    let configuration = try workspace.write("pipeline.yml", "documents:\n  chart_page_bytes: 10000\n")
    // Neither first pages of charts nor the resources of one patient.
    try workspace.command(["create": "patient", "validator": ["_id": ["$ne": "bad"]]])
    try workspace.command(["create": "patient_chart", "validator": ["page": ["$ne": 3]]])
    var lines = ["good", "bad", "other"].map { #"{"resourceType":"Patient","id":"\#($0)"}"# }
    lines += (0..<200).map { observation("o\(1000 + $0)", of: "good") }
    lines += (0..<3).map { observation("q\($0)", of: "other") }
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n") + "\n")
    let first = try load(workspace, file, "--config", configuration, read: 206)
    #expect(first.quarantined == 201 && first.loaded.inserted == 5)
    let outcome = try Program.run(
      ["import", "--quiet", "--config", configuration, "--quarantine", workspace.path("q.ndjson"), file],
      environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(outcome.status == 1)
    try workspace.command(["collMod": "patient_chart", "validator": [:]])
    let replay = try Program.run(
      [
        "quarantine", "replay", "--summary", "json", "--config", configuration, "--file",
        workspace.path("q.ndjson"),
      ], environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(replay.status == 1)
    let counts = try summary(replay)
    #expect(counts.read == 201 && counts.loaded.inserted == 200 && counts.quarantined == 1)
    #expect(try workspace.read("q.ndjson").split(separator: "\n").count == 1)
    #expect(try workspace.document("good#3", in: "patient_chart")["page"] == 3)
  }

  @Test func `a resource that is too large for a document`() throws {
    let workspace = try Workspace()
    let text = String(repeating: "x", count: 15_000_000)
    let file = try workspace.write(
      "large.ndjson",
      observation("large", of: "p", #","note":[{"text":"\#(text)"}]"#) + "\n" + observation("small") + "\n")
    let summary = try load(workspace, file, read: 2)
    #expect(summary.quarantined == 1 && summary.loaded.inserted == 1)
  }
}
