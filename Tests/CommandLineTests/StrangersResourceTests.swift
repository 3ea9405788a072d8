import BSON
import Foundation
import Testing

/// A resource in a patient's document that names another patient: it exports as the other's, which the doctor and the export tell, and goes
/// to the other's document when that is imported, as it would in an empty database. It is never in both, nor in none.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct StrangersResourceTests {
  private static func observation(_ id: String?, of patient: String?, _ value: String = "v") -> BSONValue {
    var fields: BSONFields = ["resourceType": "Observation"]
    if let id { fields["id"] = .string(id) }
    fields["status"] = "final"
    fields["code"] = ["text": "x"]
    if let patient { fields["subject"] = ["reference": .string("Patient/" + patient)] }
    fields["valueString"] = .string(value)
    return .document(fields)
  }

  private func causes(_ workspace: Workspace, _ config: String) throws -> [String] {
    let json = try JSONSerialization.jsonObject(
      with: Data(try workspace.run("doctor", "--format", "json", "--config", config).output.utf8))
    let findings = (json as? [String: Any])?["findings"] as? [[String: Any]] ?? []
    return findings.flatMap { finding -> [String] in
      guard let cause = finding["cause"] as? String,
        cause == "strangers-resource" || cause == "repeated-resource"
      else { return [] }
      return Array(repeating: cause, count: finding["count"] as? Int ?? 0)
    }
  }

  /// Each patient's observations, by what they say.
  private func observations(_ workspace: Workspace, _ layout: String) throws -> [String: [String]] {
    var found: [String: [String]] = [:]
    for document in try workspace.documents(in: layout == "embedded" ? "patient" : "patient_chart") {
      let chart = layout == "embedded" ? document["patient_chart"]?.fields : document
      let items = chart?["observations"]?.elements ?? []
      found[document["_id"]?.text ?? ""] = items.compactMap { $0.fields?["valueString"]?.text }.sorted()
    }
    return found
  }

  private func expectMoved(_ workspace: Workspace, _ config: String, _ layout: String, _ moved: Int) throws {
    #expect(try causes(workspace, config) == Array(repeating: "strangers-resource", count: moved))
    let export = try workspace.run("export", "--out", workspace.path("first"), "--config", config)
    #expect(export.status == 0)
    #expect(export.errors.contains("names somebody else than in whose document it stands"))
    let plan = try workspace.run("plan", workspace.path("first"), "--config", config).output
    #expect(plan.components(separatedBy: "leaves, for its home is another document now").count == moved + 1)
    let loaded = try workspace.importFiles(workspace.path("first"), "--config", config).loaded
    #expect(loaded.inserted == moved && loaded.replaced == 0)
    #expect(
      try observations(workspace, layout) == ["p1": ["own"], "p2": ["a", "b"].suffix(moved) + ["other"]])
    #expect(try causes(workspace, config).isEmpty)
    let before = try DatabaseContents(of: workspace)
    #expect(try workspace.importFiles(workspace.path("first"), "--config", config).loaded.inserted == 0)
    #expect(try DatabaseContents(of: workspace).differences(from: before).isEmpty)
    #expect(
      try workspace.run("export", "--quiet", "--out", workspace.path("second"), "--config", config).status
        == 0)
    #expect(try workspace.run("compare", workspace.path("first"), workspace.path("second")).status == 0)
  }

  /// - Parameter layout: of the charts.
  @Test(arguments: ["collection", "embedded"])
  func `what an application put into a chart goes to the patient whom it names`(layout: String) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    let charts: [BSONFields] = [
      [
        "mood": "calm",
        "observations": [
          Self.observation("o1", of: "p2", "a"), Self.observation(nil, of: "p2", "b"),
          Self.observation("o3", of: nil, "own"),
        ],
      ], ["observations": [Self.observation("o4", of: "p2", "other")]],
    ]
    var patients: [BSONFields] = [["_id": "p1", "name": "Ann Li"], ["_id": "p2", "name": "Bob Wu"]]
    if layout == "embedded" {
      for number in patients.indices { patients[number]["patient_chart"] = .document(charts[number]) }
    } else {
      try workspace.insert(
        zip(["p1", "p2"], charts).map { id, chart in BSONFields([.init("_id", .string(id))] + chart.fields) },
        into: "patient_chart")
    }
    try workspace.insert(patients, into: "patient")
    try expectMoved(workspace, config, layout, 2)
    let first = try workspace.document("p1", in: layout == "embedded" ? "patient" : "patient_chart")
    let chart = layout == "embedded" ? try #require(first["patient_chart"]?.fields) : first
    // What was the application's own is that, and all else is in it.
    #expect(chart["mood"] == "calm" && chart["_fhirline"] == nil)
  }

  @Test(arguments: ["collection", "both"])
  func `what an application changed in a chart goes to the patient whom it names`(layout: String) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    func line(_ id: String, of patient: String, _ value: String) throws -> String {
      Self.observation(id, of: patient, value).extendedJSON
    }
    let lines = [
      #"{"resourceType":"Patient","id":"p1"}"#, #"{"resourceType":"Patient","id":"p2"}"#,
      try line("o1", of: "p1", "b"), try line("o3", of: "p1", "own"), try line("o4", of: "p2", "other"),
    ]
    let file = try workspace.write("first.ndjson", lines.joined(separator: "\n"))
    #expect(try workspace.importFiles(file, "--config", config).loaded.inserted == 5)
    try workspace.command([
      "update": "patient_chart",
      "updates": [
        [
          "q": ["_id": "p1"], "u": ["$set": ["observations.0.subject.reference": "Patient/p2"]],
        ]
      ],
    ])
    try expectMoved(workspace, config, layout, 1)
  }

  @Test func `a resource that only its Bundle names leaves the patient whose it no longer is`() throws {
    let workspace = try Workspace()
    func bundle(of patient: String, version: Int) throws -> String {
      try workspace.write(
        "\(version).json",
        #"{"resourceType":"Bundle","type":"collection","entry":[{"fullUrl":"urn:uuid:0b6f8c4e-8d1f-4f6b-9a51-6c3ad3f7f001","#
          + #""resource":{"resourceType":"Observation","meta":{"versionId":"\#(version)"},"status":"final","code":{"text":"x"},"#
          + #""subject":{"reference":"Patient/\#(patient)"},"valueString":"v"}}]}"#)
    }
    _ = try workspace.importFiles(
      workspace.write(
        "people.ndjson",
        #"{"resourceType":"Patient","id":"p1"}"# + "\n" + #"{"resourceType":"Patient","id":"p2"}"#))
    _ = try workspace.importFiles(bundle(of: "p1", version: 1))
    _ = try workspace.importFiles(bundle(of: "p2", version: 2))
    #expect(try observations(workspace, "collection").filter { !$0.value.isEmpty } == ["p2": ["v"]])
  }
}
