import BSON
import Foundation
import TestSupport
import Testing

/// Appointments that an application made by itself, and that not everybody lists who takes part in them.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct OwnAppointmentsTests {
  private let workspace: Workspace
  private let options: [String]

  init() throws {
    workspace = try Workspace()
    options = ["--no-progress"]
    try workspace.insert(
      [
        ["_id": "p1", "name": "Ann Lee", "appointments": ["a1"]],
        ["_id": "p2", "name": "Bob Ray"],
      ], into: "patient")
    try workspace.insert([["_id": "p1", "last_appointment_id": "a1"], ["_id": "p2"]], into: "patient_chart")
    try workspace.insert([["_id": "d1", "name": "Dr Who", "appointments": []]], into: "provider")
    try workspace.insert(
      [("a1", "p1"), ("a2", "p1"), ("a3", "p2"), ("a4", "nobody")].enumerated().map { day, names in
        [
          "_id": .string(names.0), "patient_id": .string(names.1), "provider_id": "d1",
          "date_of_visit": .date(Int64(day) * 86_400_000), "disposition": "completed",
        ]
      }, into: "appointment")
  }

  @Test(arguments: ["ndjson", "bundle"])
  func `an export that comes in again completes no list, and makes nobody`(format: String) throws {
    let before = try DatabaseContents(of: workspace)
    let out = workspace.path(format == "bundle" ? "out.json" : "out")
    #expect(try workspace.run(["export", "--out", out, "--format", format] + options).status == 0)
    let plan = try workspace.run(["plan", out] + options)
    #expect(!plan.output.contains(": replace") && !plan.output.contains(": insert"), "\(plan.output)")
    let imported = try workspace.run(["import", out] + options)
    #expect(imported.status == 0, "\(imported.errors)")
    #expect(try differences(from: before) == [])
  }

  @Test(arguments: ["collection", "both"])
  func `nor does it move a chart that does not name the last of them`(_ layout: String) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    let condition: BSONValue = ["resourceType": "Condition", "id": "c", "code": ["text": "x"]]
    try workspace.insert(
      [["_id": "p", "name": "Ann Lee", "patient_chart": ["weight": 150, "conditions": [condition]]]],
      into: "patient")
    try workspace.insert(
      [["_id": "a", "patient_id": "p", "date_of_visit": .date(0), "disposition": "completed"]],
      into: "appointment")
    let before = try DatabaseContents(of: workspace)
    let out = workspace.path("out")
    #expect(try workspace.run("export", "--out", out, "--quiet").status == 0)
    let imported = try workspace.run("import", out, "--config", config, "--no-progress")
    #expect(imported.status == 0, "\(imported.errors)")
    let changes = try DatabaseContents(of: workspace).differences(from: before).filter {
      !$0.hasPrefix("fhirline_") && !$0.hasSuffix("with 0 documents")
    }
    #expect(changes == [])
  }

  @Test func `who takes part in one that an import changes lists it`() throws {
    let input = try workspace.write(
      "a2.ndjson",
      #"{"resourceType":"Appointment","id":"a2","status":"booked","start":"2024-05-06T07:00:00Z","end":"2024-05-06T07:30:00Z","participant":["#
        + #"{"actor":{"reference":"Patient/p1"},"status":"accepted"},"#
        + #"{"actor":{"reference":"Practitioner/d1"},"status":"accepted"}]}"# + "\n")
    let plan = try workspace.run(["plan", input] + options).output
    // It says otherwise than the application did.
    #expect(plan.contains("appointment a2: conflict"), "\(plan)")
    #expect(plan.contains("patient p1: replace") && plan.contains("provider d1: replace"), "\(plan)")
    #expect(try workspace.run(["import", input] + options).status == 0)
    #expect(try list(of: "p1", in: "patient") == ["a1", "a2"])
    #expect(try list(of: "d1", in: "provider") == ["a2"])
    #expect(try list(of: "p2", in: "patient") == nil)
    let after = try DatabaseContents(of: workspace)
    #expect(try workspace.run(["import", input] + options).status == 0)
    let again = try differences(from: after)
    #expect(again == [])
  }

  /// But for the program's own notes.
  private func differences(from before: DatabaseContents) throws -> [String] {
    try DatabaseContents(of: workspace).differences(from: before).filter { !$0.hasPrefix("fhirline_") }
  }

  private func list(of id: String, in collection: String) throws -> [String]? {
    try workspace.documents(in: collection).first { $0["_id"]?.text == id }?["appointments"]?.elements?
      .compactMap(\.text)
  }
}
