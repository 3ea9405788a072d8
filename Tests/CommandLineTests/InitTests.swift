import BSON
import Foundation
import Testing

@Suite(.enabled(if: Workspace.hasMongoDB)) struct InitTests {
  private func setUp(_ workspace: Workspace, _ arguments: String..., status: Int32 = 0) throws -> [String] {
    let outcome = try Program.run(
      ["init"] + arguments, environment: ["FHIRLINE_DATABASE": workspace.database])
    #expect(outcome.status == status, "\(outcome.errors)")
    return outcome.lines.map(String.init)
  }

  private func indexes(_ workspace: Workspace, of collection: String) throws -> [[String]] {
    let reply = try workspace.command(["listIndexes": .string(collection)])
    return (reply["cursor"]?.fields?["firstBatch"]?.elements ?? []).compactMap {
      $0.fields?["key"]?.fields?.keys
    }
  }

  private func options(_ workspace: Workspace, of collection: String) throws -> BSONFields {
    let reply = try workspace.command(["listCollections": 1, "filter": ["name": .string(collection)]])
    return reply["cursor"]?.fields?["firstBatch"]?.elements?.first?.fields?["options"]?.fields ?? [:]
  }

  @Test func `a dry run says what would be done and does nothing; a run does it; another finds it done`()
    throws
  {
    let workspace = try Workspace()
    let planned = try setUp(workspace, "--dry-run")
    #expect(planned.contains("patient: collection: would be made"))
    #expect(planned.contains("patient: index on name, date_of_birth: would be made"))
    let told = try setUp(workspace, "--dry-run", "--format", "json")
    #expect(told.contains(#"{"collection":"patient","what":"collection","state":"would be made"}"#))
    #expect(told.count == planned.count)
    #expect(try workspace.command(["listCollections": 1])["cursor"]?.fields?["firstBatch"] == [])
    let made = try setUp(workspace)
    #expect(made == planned.map { $0.replacing(": would be made", with: ": made") })
    for (collection, fields) in [
      ("patient", ["name", "date_of_birth"]), ("patient", ["insurance_id"]), ("provider", ["npi"]),
      ("appointment", ["patient_id", "date_of_visit"]), ("appointment", ["provider_id", "date_of_visit"]),
      ("patient_chart", ["chart_id", "page"]), ("resource", ["_fhirline.names"]),
      ("fhirline_waiting", ["document"]),
    ] {
      #expect(try indexes(workspace, of: collection).contains(fields), "\(collection) \(fields)")
    }
    let again = try setUp(workspace)
    #expect(again.count == made.count && again.allSatisfy { $0.hasSuffix(": is there") })
  }

  @Test func `everything that import writes satisfies the validators`() throws {
    let workspace = try Workspace()
    _ = try setUp(workspace, "--validation", "error")
    let configuration = try workspace.write("pipeline.yml", "documents:\n  chart_page_bytes: 10000\n")
    let summary = try workspace.importFiles("Samples/clinic", "Samples/bulk", "--config", configuration)
    #expect(summary.quarantined == 0 && summary.loaded.inserted == summary.read)
    #expect(try workspace.importFiles("Samples/clinic", "Samples/bulk").loaded.unchanged == summary.read)
    #expect(try workspace.run("doctor", "--no-progress").status == 0)
  }

  @Test func `validators refuse types that the mapping does not have; what is stored stays writable`() throws
  {
    let workspace = try Workspace()
    try workspace.insert([["_id": "old", "date_of_birth": "1980-01-01"]], into: "patient")
    #expect(try setUp(workspace, "--validation", "error").contains("patient: validator (error): made"))
    for (name, wrong) in [
      ("date_of_birth", "1980-01-01"), ("primary_phone", "5551234567"), ("insurance_id", 5),
      ("appointments", [5]),
    ] as [(String, BSONValue)] {
      let document: BSONValue = .document(BSONFields([.init("_id", "new"), .init(name, wrong)]))
      let reply = try workspace.command(["insert": "patient", "documents": [document]])
      #expect(reply["writeErrors"]?.elements?.first?.fields?["code"]?.integer == 121, "\(name)")
    }
    try workspace.set("name", to: "Ann Bee", of: "old", in: "patient")
    #expect(try workspace.document("old", in: "patient")["name"] == "Ann Bee")
    #expect(try setUp(workspace, "--validation", "warn").contains("patient: validator (warn): changed"))
    try workspace.insert([["_id": "drifted", "date_of_birth": "1980-01-01"]], into: "patient")
    #expect(try setUp(workspace, "--validation", "off").contains("patient: validator: taken away"))
    #expect(try options(workspace, of: "patient")["validator"]?.fields?.fields.isEmpty ?? true)
  }

  @Test func `validators that refuse go on refusing when the database is set up again`() throws {
    let workspace = try Workspace()
    #expect(try workspace.run("init", "--validation", "error", "--quiet").status == 0)
    let again = try workspace.run("init")
    #expect(again.output.contains("patient: validator (error): is there"), "\(again.output)")
    #expect(
      try workspace.run("init", "--validation", "warn").output.contains("patient: validator (warn): changed"))
  }

  @Test func `validators and indexes of others are kept`() throws {
    let workspace = try Workspace()
    try workspace.command(["create": "patient", "validator": ["name": ["$ne": "x"]]])
    try workspace.command([
      "createIndexes": "patient",
      "indexes": [["key": ["name": 1, "date_of_birth": 1], "name": "by_name", "unique": false]],
    ])
    let lines = try setUp(workspace)
    #expect(lines.contains { $0.hasPrefix("patient: validator of another's making") })
    #expect(lines.contains("patient: index on name, date_of_birth: is there"))
    #expect(try options(workspace, of: "patient")["validator"]?.fields?["name"] != nil)
    #expect(try setUp(workspace, "--replace-validators").contains("patient: validator (warn): changed"))
    #expect(try options(workspace, of: "patient")["validator"]?.fields?["$jsonSchema"] != nil)
  }

  @Test func `fields and collections that were renamed are set up under their names`() throws {
    let workspace = try Workspace()
    let folder = workspace.path("Mappings")
    try FileManager.default.copyItem(
      atPath: Program.folder.appending(path: "Mappings").path, toPath: folder)
    let text = try workspace.read("Mappings/patient.yml").replacing("  date_of_birth:", with: "  born:")
    try workspace.write("Mappings/patient.yml", text)
    let configuration = try workspace.write(
      "pipeline.yml", "documents:\n  mappings: Mappings\n  collections:\n    patient: patients\n")
    let lines = try setUp(workspace, "--config", configuration)
    #expect(lines.contains("patients: index on name, born: made"))
    #expect(try indexes(workspace, of: "patients").contains(["name", "born"]))
  }
}
