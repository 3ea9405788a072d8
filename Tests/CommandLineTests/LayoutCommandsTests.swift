import BSON
import Foundation
import Testing

/// The commands about documents, wherever charts stand.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct LayoutCommandsTests {
  private func run(_ workspace: Workspace, _ arguments: [String], status: Int32 = 0) throws -> Program.Outcome
  {
    let outcome = try Program.run(
      arguments + ["--config", workspace.path("pipeline.yml")],
      environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(outcome.status == status, "\(arguments): \(outcome.errors)\(outcome.output)")
    return outcome
  }

  @Test(arguments: ["embedded", "both"])
  func `doctor, trace, plan and init know charts within patients`(_ layout: String) throws {
    let workspace = try Workspace()
    try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n  chart_page_entries: 100\n")
    var lines = [
      #"{"resourceType":"Patient","id":"p"}"#, #"{"resourceType":"Patient","id":"q"}"#,
      #"{"resourceType":"Practitioner","id":"d"}"#,
    ]
    for (id, start) in [("a1", "2024-05-01T10:00:00Z"), ("a2", "2024-06-01T10:00:00Z")] {
      lines.append(
        #"{"resourceType":"Appointment","id":"\#(id)","status":"booked","start":"\#(start)","end":"\#(start)","#
          + #""participant":[{"actor":{"reference":"Patient/p"},"status":"accepted"},"#
          + #"{"actor":{"reference":"Practitioner/d"},"status":"accepted"}]}"#)
    }
    for number in 0..<250 {
      lines.append(
        #"{"resourceType":"Observation","id":"o\#(1000 + number)","status":"final","code":{"text":"x"},"#
          + #""subject":{"reference":"Patient/p"},"valueInteger":\#(number)}"#)
    }
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n") + "\n")
    _ = try run(workspace, ["init", "--validation", "error"])
    let again = try run(workspace, ["init", "--validation", "error"])
    #expect(again.lines.allSatisfy { $0.hasSuffix(": is there") }, "\(again.output)")
    _ = try run(workspace, ["import", "--quiet", file])
    #expect(try run(workspace, ["doctor", "--quiet"]).output.isEmpty)
    let traced = try run(workspace, ["trace", "Observation/o1110"]).output
    #expect(traced.hasPrefix("Observation/o1110: \(file):116, import 1"))
    let name = layout == "embedded" ? "patient.patient_chart" : "patient_chart"
    #expect(traced.contains("; \(name) p, observations;"))

    // The same again changes nothing; one more observation changes the chart alone.
    #expect(try run(workspace, ["plan", "--no-progress", file]).output.isEmpty)
    let more = try workspace.write(
      "more.ndjson",
      #"{"resourceType":"Observation","id":"z","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"}}"#
        + "\n")
    #expect(
      try run(workspace, ["plan", "--no-progress", more]).output
        == "\(name) p: replace\n    Observation/z: new\n")

    // What is derived is repaired in every place, and comes again as unchanged.
    try workspace.set("patient_chart.last_appointment_id", to: "ghost", of: "p", in: "patient")
    try workspace.delete("a2", from: "appointment")
    _ = try run(workspace, ["doctor", "--fix", "--quiet"])
    let patient = try workspace.document("p", in: "patient")
    #expect(patient["appointments"] == ["a1"])
    #expect(patient["patient_chart"]?.fields?["last_appointment_id"] == "a1")
    #expect(try run(workspace, ["doctor", "--quiet"]).output.isEmpty)
    _ = try run(workspace, ["import", "--quiet", file])
    #expect(try run(workspace, ["doctor", "--quiet"]).output.isEmpty)
    #expect(
      try workspace.document("p", in: "patient")["patient_chart"]?.fields?["last_appointment_id"] == "a2")

    // Damage is found within patients as well.
    try workspace.delete("p#2", from: "patient_chart")
    let missing = try run(workspace, ["doctor", "--quiet"], status: 1).output
    #expect(missing.contains("[missing-page]") && missing.contains("p → p#2"))
    try workspace.insert([["_id": "own", "patient_id": "q"]], into: "patient_chart")
    #expect(try run(workspace, ["doctor", "--quiet"], status: 1).output.contains("q → own"))
  }

  @Test(arguments: ["collection", "embedded", "both"], ["ndjson", "transaction"])
  func `a page that was deleted is no reason to say that nothing changed: it comes back`(
    _ layout: String, _ form: String
  ) throws {
    let workspace = try Workspace()
    try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n  chart_page_entries: 100\n")
    let resources =
      [("Patient/p", #"{"resourceType":"Patient","id":"p"}"#)]
      + (1000..<1250).map { number in
        (
          "Observation/o\(number)",
          #"{"resourceType":"Observation","id":"o\#(number)","status":"final","code":{"text":"x"},"#
            + #""subject":{"reference":"Patient/p"}}"#
        )
      }
    let lines = resources.map(\.1).joined(separator: "\n") + "\n"
    let entries = resources.map { key, resource in
      #"{"fullUrl":"http://example.org/\#(key)","resource":\#(resource),"request":{"method":"PUT","url":"\#(key)"}}"#
    }
    let bundle =
      #"{"resourceType":"Bundle","type":"transaction","entry":[\#(entries.joined(separator: ","))]}"#
    let file =
      form == "ndjson" ? try workspace.write("in.ndjson", lines) : try workspace.write("in.json", bundle)
    func load() throws -> Workspace.Summary {
      let output = try run(workspace, ["import", "--quiet", "--summary", "json", file]).output
      return try JSONDecoder().decode(Workspace.Summary.self, from: Data(output.utf8))
    }
    #expect(try load().loaded.inserted == 251)
    let page = try workspace.document("p#2", in: "patient_chart")
    let lost = page["observations"]?.elements?.count ?? 0
    #expect(lost > 0)

    try workspace.delete("p#2", from: "patient_chart")
    #expect(try run(workspace, ["doctor", "--quiet"], status: 1).output.contains("[missing-page]"))
    let planned = try run(workspace, ["plan", "--quiet", file]).output
    #expect(planned.contains("Observation/o") && planned.contains("p: replace"))
    let second = try load()
    #expect(second.loaded.inserted == lost && second.loaded.unchanged == 251 - lost)
    #expect(try workspace.document("p#2", in: "patient_chart")["observations"] == page["observations"])
    #expect(try run(workspace, ["doctor", "--quiet"]).output.isEmpty)
    #expect(try load().loaded.unchanged == 251)
  }
}
