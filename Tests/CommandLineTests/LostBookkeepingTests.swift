import BSON
import DocumentStore
import Foundation
import Testing

/// Charts of several pages whose first page no longer tells of the others: an application's object mapper that writes a document back
/// without the fields that it does not know takes `_fhirline` from it.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct LostBookkeepingTests {
  @Test(
    arguments: [
      ("all of it", ["$unset": ["_fhirline": ""]]),
      ("the number of pages", ["$unset": ["_fhirline.pages": ""]]),
      ("a number of no pages", ["$set": ["_fhirline.pages": -1]]),
      ("more pages than there can be", ["$set": ["_fhirline.pages": .int64(1 << 62)]]),
    ] as [(String, BSONFields)])
  func `what comes then overwrites no page`(what: String, damage: BSONFields) throws {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart_page_entries: 100\n")
    func observations(_ name: String) throws -> String {
      let lines = (0..<300).map {
        #"{"resourceType":"Observation","id":"\#(name)-\#($0)","status":"final","code":{"text":"x"},"#
          + #""subject":{"reference":"Patient/p"}}"#
      }
      return try workspace.write("\(name).ndjson", lines.joined(separator: "\n") + "\n")
    }
    let (first, second) = (try observations("a"), try observations("b"))
    #expect(try workspace.importFiles(first, "--config", config).loaded.inserted == 300)
    #expect(try workspace.command(["count": "patient_chart"])["n"]?.integer ?? 0 > 3)
    try workspace.command([
      "update": "patient_chart", "updates": [["q": ["_id": "p"], "u": .document(damage)]],
    ])
    let plan = try workspace.run("plan", second, "--config", config)
    #expect(plan.status < 2, "\(plan.errors)")
    #expect(try workspace.importFiles(second, "--config", config).loaded.inserted == 300)
    let out = workspace.path("out")
    #expect(try workspace.run("export", "--out", out, "--config", config).status == 0)
    let lines = try workspace.read("out/Observation.ndjson").split(separator: "\n")
    #expect(Set(lines).count == 600 && lines.count == 600, "\(what): \(lines.count)")
    let doctor = try workspace.run("doctor", "--config", config)
    #expect(!doctor.output.contains("left-over-page"), "\(doctor.output)")
    #expect(try workspace.importFiles(first, second, "--config", config).loaded.unchanged == 600)
  }

  @Test(
    arguments: ["collection", "embedded", "both"],
    [5, ["a": 1], ["x"], .null, true] as [BSONValue])
  func `a hash that is none does not keep what comes from being loaded`(layout: String, hash: BSONValue)
    throws
  {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout)\n")
    func lines(_ name: String, _ observation: String) throws -> String {
      let lines = [
        #"{"resourceType":"Patient","id":"p","name":[{"family":"\#(name)"}]}"#,
        #"{"resourceType":"Observation","id":"\#(observation)","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"}}"#,
        #"{"resourceType":"Organization","id":"g","name":"\#(name)"}"#,
      ]
      return try workspace.write("\(name).ndjson", lines.joined(separator: "\n"))
    }
    #expect(try workspace.importFiles(lines("Ann", "a"), "--config", config).loaded.inserted == 3)
    for collection in ["patient", "patient_chart", "resource"] {
      var change: BSONFields = ["_fhirline.hash": hash]
      if collection == "patient", layout != "collection" { change["patient_chart._fhirline.hash"] = hash }
      try workspace.command([
        "update": .string(collection),
        "updates": [["q": [:], "u": ["$set": .document(change)], "multi": true]],
      ])
    }
    let planned = PlannedImport(workspace: workspace, layout: layout, config: config)
    let outcome = try planned.check([lines("Bob", "b")], "\(layout) \(hash)")
    #expect(outcome.status == 0, "\(outcome.errors)")
    for id in ["p", "Organization/g"] {
      let document = try workspace.document(id, in: id == "p" ? "patient" : "resource")
      #expect(document["_fhirline"]?.fields?["hash"]?.text != nil)
    }
    let out = workspace.path("out")
    #expect(try workspace.run("export", "--out", out, "--config", config, "--quiet").status == 0)
    #expect(try workspace.read("out/Observation.ndjson").split(separator: "\n").count == 2)
    #expect(try workspace.read("out/Patient.ndjson").contains("Bob"))
    #expect(try workspace.run("doctor", "--config", config, "--quiet").status == 0)
    // And out of what is the import's own it takes what is deleted.
    let deletion = try workspace.write(
      "deletion.json",
      #"{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"DELETE","url":"Observation/a"}}]}"#
    )
    _ = try workspace.importFiles(deletion, "--config", config)
    #expect(
      try workspace.run("export", "--out", out, "--overwrite", "--config", config, "--quiet").status == 0)
    #expect(try workspace.read("out/Observation.ndjson").split(separator: "\n").count == 1)
  }
}
