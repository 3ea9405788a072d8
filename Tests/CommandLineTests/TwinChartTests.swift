import BSON
import Testing

/// Charts of patients whose `_id`s read alike, and are of different types.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct TwinChartTests {
  private static let observation =
    #"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/9"}}"#

  @Test(
    arguments: [["_id": 9, "weight": 150], ["_id": "c", "patient_id": 9, "weight": 150]] as [BSONFields])
  func `what comes for a patient goes past the chart of another who reads alike`(_ chart: BSONFields) throws {
    let workspace = try Workspace()
    try workspace.insert([["_id": 9, "name": "Ann Lee"], ["_id": "9", "name": "Bob Wu"]], into: "patient")
    try workspace.insert([chart], into: "patient_chart")
    let file = try workspace.write("o.ndjson", Self.observation)
    let plan = try workspace.run("plan", file, "--format", "json", "--no-progress")
    #expect(plan.output.contains(#""inserted":1"#), "\(plan.output)")
    #expect(try workspace.importFiles(file).loaded.inserted == 1)
    #expect(try workspace.document("9", in: "patient_chart")["observations"]?.elements?.count == 1)
    #expect(try workspace.documents(in: "patient_chart").contains(chart))
    #expect(try workspace.importFiles(file).loaded.unchanged == 1)
  }

  @Test func `what is made of a chart keeps its id when the other patient gets a chart`() throws {
    let workspace = try Workspace()
    try workspace.insert([["_id": 9, "name": "Ann Lee"], ["_id": "9", "name": "Bob Wu"]], into: "patient")
    let chart: BSONFields = ["_id": 9, "weight": 150, "notes": "A note."]
    try workspace.insert([chart], into: "patient_chart")
    func export(_ name: String) throws -> [String] {
      let out = workspace.path(name)
      #expect(try workspace.run("export", "--out", out, "--quiet").status == 0)
      return try ["Patient", "DocumentReference", "Observation"].map {
        try workspace.read("\(name)/\($0).ndjson")
      }
    }
    let first = try export("first")
    let again = try workspace.importFiles(workspace.path("first"))
    #expect(again.loaded.unchanged == again.read, "\(again)")
    #expect(try workspace.documents(in: "patient_chart") == [chart])
    let file = try workspace.write("o.ndjson", Self.observation)
    #expect(try workspace.importFiles(file).loaded.inserted == 1)
    let charts = try workspace.documents(in: "patient_chart")
    #expect(charts.contains(chart) && charts.count == 2, "\(charts)")
    let second = try export("second")
    #expect(second[0...1] == first[0...1])
    #expect(second[2].contains(first[2]), "\(second[2])")
  }

  @Test func `an appointment with an object of an empty name for its provider is exported`() throws {
    let workspace = try Workspace()
    try workspace.insert(
      [["_id": "a", "patient_id": "p", "provider_id": ["": ""], "disposition": "completed"]],
      into: "appointment")
    let out = try workspace.run("export", "--out", workspace.path("out"), "--quiet")
    #expect(out.status == 0, "\(out.errors)")
    #expect(try workspace.read("out/Appointment.ndjson").contains(#""id":"a""#))
  }
}
