import BSON
import Testing

/// Documents that say nothing of the person whom they are about.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct BareDocumentTests {
  private static let observation =
    #"{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"}}"#
  private static let coverage =
    #"{"resourceType":"Coverage","id":"c","status":"active","subscriberId":"W2","beneficiary":{"reference":"Patient/p"},"payor":[{"display":"A payer"}]}"#

  private func exportedTypes(_ workspace: Workspace, _ config: String) throws -> [String] {
    let out = try workspace.run(
      "export", "--out", workspace.path("out"), "--overwrite", "--quiet", "--config", config)
    #expect(out.status == 0, "\(out.errors)")
    let again = try workspace.importFiles(workspace.path("out"), "--config", config)
    #expect(again.loaded.unchanged == again.read, "\(again)")
    return try DriftedExport(of: workspace, to: "out2", "", ["--config", config, "--overwrite"])
      .resources.keys.sorted()
  }

  @Test(arguments: DriftedDatabase.Layout.allCases)
  func `a word on a coverage makes nobody of a patient who has not come`(_ layout: DriftedDatabase.Layout)
    throws
  {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout.rawValue)\n")
    let file = try workspace.write("1.ndjson", layout == .collection ? Self.coverage : Self.observation)
    _ = try workspace.importFiles(file, "--config", config)
    try workspace.set("insurance_payer_id", to: "60054", of: "p", in: "patient")
    let types = try exportedTypes(workspace, config)
    #expect(types == (layout == .collection ? ["Coverage/c"] : ["Coverage/p-coverage", "Observation/o"]))
    try workspace.set("email", to: "a@example.org", of: "p", in: "patient")
    #expect(try exportedTypes(workspace, config) == types + ["Patient/p"])
  }

  @Test(arguments: DriftedDatabase.Layout.allCases)
  func `whom an application knows stays when something comes for them`(_ layout: DriftedDatabase.Layout)
    throws
  {
    let workspace = try Workspace()
    let config = try workspace.write("pipeline.yml", "documents:\n  chart: \(layout.rawValue)\n")
    try workspace.insert([["_id": "p", "firstName": "Ann"]], into: "patient")
    try workspace.insert([["_id": "d", "credentialed_skills": ["Surgery"]]], into: "provider")
    let people = ["Patient/p", "Practitioner/d"]
    #expect(try exportedTypes(workspace, config) == people)
    let role =
      #"{"resourceType":"PractitionerRole","id":"r","practitioner":{"reference":"Practitioner/d"},"specialty":[{"text":"Surgery"}]}"#
    let visit =
      #"{"resourceType":"Appointment","id":"a","status":"proposed","participant":[{"actor":{"reference":"Patient/p"},"status":"accepted"},{"actor":{"reference":"Practitioner/d"},"status":"accepted"}]}"#
    var all = people
    for (key, text) in [
      ("Observation/o", Self.observation), ("Coverage/c", Self.coverage), ("Appointment/a", visit),
      ("PractitionerRole/r", role),
    ] {
      _ = try workspace.importFiles(try workspace.write("next.ndjson", text), "--config", config)
      all.append(key)
      #expect(try exportedTypes(workspace, config) == all.sorted(), "\(key)")
    }
  }
}
