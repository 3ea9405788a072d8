import BSON
import Foundation
import Testing

/// Documents of an application's own whose `_id`s FHIR does not allow, or whose charts have others: an export that is imported
/// again finds them.
@Suite(.enabled(if: Workspace.hasMongoDB)) struct UnfitIDsTests {
  private func export(_ workspace: Workspace, _ name: String) throws -> [String: String] {
    let out = workspace.path(name)
    #expect(try workspace.run("export", "--out", out, "--quiet").status == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: out).filter { $0.hasSuffix(".ndjson") }
    return Dictionary(uniqueKeysWithValues: try names.map { ($0, try workspace.read("\(name)/\($0)")) })
  }

  private func ids(_ workspace: Workspace) throws -> [String: Set<String>] {
    var found: [String: Set<String>] = [:]
    for collection in ["patient", "patient_chart", "provider", "appointment", "resource"] {
      found[collection] = Set(try workspace.documents(in: collection).map { "\($0["_id"] ?? .null)" })
    }
    return found
  }

  private let own = BSONValue.objectID([0x64, 0xB0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])

  private func fill(_ workspace: Workspace) throws {
    try workspace.insert(
      [
        ["_id": "patient_001", "name": "Ann Lee", "appointments": ["visit 1"]],
        ["_id": "jane@example.org", "name": "Jane Doe", "date_of_birth": "1980-01-02"],
        ["_id": .string(String(repeating: "p", count: 90)), "name": "Long Name"],
        ["_id": .int32(12345), "name": "Cher"],
      ], into: "patient")
    try workspace.insert(
      [
        ["_id": "patient_001", "weight": .int32(150), "last_appointment_id": "visit 1"],
        ["_id": "jane@example.org", "height_in": "70"],
        ["_id": .string(String(repeating: "p", count: 90)), "icd_10_codes": ["E11.9"]],
        // Whose it is says a field.
        ["_id": own, "patient_id": .int32(12345), "weight": .int32(120)],
      ], into: "patient_chart")
    try workspace.insert(
      [
        [
          "_id": "dr_1", "name": "Gregory House", "npi": "1234567893", "appointments": ["visit 1"],
          "last_appointment": "visit 1",
        ]
      ], into: "provider")
    try workspace.insert(
      [
        [
          "_id": "visit 1", "patient_id": "patient_001", "provider_id": "dr_1",
          "date_scheduled": .date(1_577_836_800_000), "disposition": "cancelled",
        ]
      ], into: "appointment")
  }

  @Test func `an export that is imported again changes nothing`() throws {
    let workspace = try Workspace()
    try fill(workspace)
    let before = try ids(workspace)
    let first = try export(workspace, "first")
    let summary = try workspace.importFiles(workspace.path("first"))
    #expect(summary.loaded.unchanged == summary.read, "\(summary)")
    #expect(try ids(workspace) == before)
    for collection in ["patient", "patient_chart", "provider", "appointment"] {
      for document in try workspace.documents(in: collection) { #expect(document["_fhirline"] == nil) }
    }
    #expect(try export(workspace, "second") == first)
  }

  @Test func `what is edited in FHIR goes into the documents that it came from`() throws {
    let workspace = try Workspace()
    try fill(workspace)
    let before = try ids(workspace)
    let texts = try export(workspace, "first")
    for (name, text) in texts {
      let edited = text.replacing("Ann", with: "Anna").replacing("Gregory", with: "Greg")
        .replacing(#""value":120,"#, with: #""value":121,"#).replacing(
          #""value":150,"#, with: #""value":151,"#
        )
        .replacing("cancelled", with: "noshow")
      try workspace.write("edited/" + name, edited)
    }
    _ = try workspace.importFiles(workspace.path("edited"))
    #expect(try ids(workspace) == before)
    #expect(try workspace.document("patient_001", in: "patient")["name"] == "Anna Lee")
    #expect(try workspace.document("dr_1", in: "provider")["name"] == "Greg House")
    #expect(try workspace.document("patient_001", in: "patient_chart")["weight"] == .double(151))
    let chart = try workspace.documents(in: "patient_chart").first { $0["_id"] == own }
    #expect(chart?["weight"] == .double(121))
    #expect(chart?["patient_id"] == .int32(12345))
    // And again, and out: each resource once.
    let again = try workspace.importFiles(workspace.path("edited"))
    #expect(again.loaded.unchanged == again.read, "\(again)")
    for (name, text) in try export(workspace, "second") {
      let written = try workspace.read("edited/" + name).split(separator: "\n").count
      #expect(text.split(separator: "\n").count == written, "\(name)")
    }
  }

  @Test func `bookkeeping that is none is told as what it is`() throws {
    let workspace = try Workspace()
    try workspace.insert(
      [
        ["_id": "a", "name": "A B", "_fhirline": ["hash": .int32(5)]],
        ["_id": "b", "name": "C D", "_fhirline": "oops"],
      ],
      into: "patient")
    let file = try workspace.write(
      "in.ndjson",
      ["a", "b"].map { #"{"resourceType":"Patient","id":"\#($0)","name":[{"family":"E"}]}"# }.joined(
        separator: "\n"))
    let outcome = try workspace.run("import", file, "--quarantine", workspace.path("q.ndjson"))
    #expect(!outcome.errors.contains("other programs"), "\(outcome.errors)")
    #expect(
      outcome.errors.contains("Patient/a") && outcome.errors.contains("remove that field"),
      "\(outcome.errors)")
  }
}
