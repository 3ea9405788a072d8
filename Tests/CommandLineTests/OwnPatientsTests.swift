import BSON
import Foundation
import TestSupport
import Testing

/// Patients whom an application made by itself, and gave no chart, or one where it liked.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct OwnPatientsTests {
  private let workspace: Workspace
  private let options: [String]

  init() throws {
    workspace = try Workspace()
    options = ["--no-progress", "--config", workspace.path("pipeline.yml")]
    try workspace.insert(
      [
        ["_id": "p1", "name": "Ann Lee"],
        ["_id": .int32(7), "name": "Bob Ray", "primary_phone": "0123456789"],
      ], into: "patient")
  }

  @Test(arguments: ["collection", "embedded", "both"])
  func `an export that comes in again gives nobody a chart`(layout: String) throws {
    try configure(layout)
    let before = try DatabaseContents(of: workspace)
    let out = workspace.path("out")
    #expect(try workspace.run(["export", "--out", out] + options).status == 0)
    let plan = try workspace.run(["plan", out] + options)
    #expect(!plan.output.contains(": replace") && !plan.output.contains(": insert"), "\(plan.output)")
    #expect(try workspace.run(["import", out] + options).status == 0)
    let after = try DatabaseContents(of: workspace)
    #expect(after.differences(from: before).filter(isOfDocuments) == [])
    // It is the application's to say whether they are to have one.
    let doctor = try workspace.run(["doctor"] + options)
    #expect(doctor.output.contains("2 patients without a chart"), "\(doctor.output)")
  }

  @Test(arguments: ["collection", "embedded", "both"])
  func `charts of its own stay where they are`(layout: String) throws {
    try configure(layout)
    try workspace.insert([["_id": "p1", "weight": 150.5, "notes": "hello"]], into: "patient_chart")
    try workspace.insert(
      [["_id": "p3", "name": "Eve Orr", "patient_chart": .document(["weight": 120.5])]], into: "patient")
    let before = try DatabaseContents(of: workspace)
    let out = workspace.path("out")
    #expect(try workspace.run(["export", "--out", out] + options).status == 0)
    #expect(try workspace.run(["import", out] + options).status == 0)
    let after = try DatabaseContents(of: workspace)
    #expect(after.differences(from: before).filter(isOfDocuments) == [])
  }

  @Test(arguments: ["collection", "embedded", "both"])
  func `whom an import changes it gives a chart, in one run`(layout: String) throws {
    try configure(layout)
    let input = try workspace.write(
      "in.ndjson",
      #"{"resourceType":"Patient","id":"p1","name":[{"family":"Lee","given":["Ann"]}],"birthDate":"1980-02-03"}"#
        + "\n"
        + #"{"resourceType":"Patient","id":"7","name":[{"family":"Ray","given":["Bob"]}],"gender":"male"}"#
        + "\n")
    let charts = layout == "embedded" ? "patient.patient_chart" : "patient_chart"
    let plan = try workspace.run(["plan", input] + options).output
    #expect(plan.contains("\(charts) p1: insert") && plan.contains("\(charts) 7: insert"), "\(plan)")
    #expect(try workspace.run(["import", input] + options).status == 0)
    #expect(try Set(owners(of: charts)) == ["p1", "7"])
    let after = try DatabaseContents(of: workspace)
    #expect(try workspace.run(["import", input] + options).status == 0)
    let again = try DatabaseContents(of: workspace).differences(from: after)
    #expect(again.filter(isOfDocuments) == [])
  }

  /// Neither the program's own notes, nor a collection in which nothing is.
  private func isOfDocuments(_ difference: String) -> Bool {
    !difference.hasPrefix("fhirline_") && !difference.hasSuffix("is new, with 0 documents")
  }

  private func configure(_ layout: String) throws {
    _ = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
  }

  private func owners(of charts: String) throws -> [String] {
    guard charts == "patient.patient_chart" else {
      return try workspace.documents(in: charts).compactMap { $0["_id"]?.text }
    }
    return try workspace.documents(in: "patient").compactMap { $0["patient_chart"]?.fields?["_id"]?.text }
  }
}
