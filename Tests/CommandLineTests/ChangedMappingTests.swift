import BSON
import Foundation
import Testing

/// Mappings that somebody changes, with documents at hand that were made by what they were before.
@Suite struct ChangedMappingTests {
  private let patient =
    #"{"resourceType":"Patient","id":"p","telecom":[{"system":"phone","value":"2025550123"},"#
    + #"{"system":"email","value":"a@example.org"}],"gender":"female","birthDate":"1970-01-01"}"#
  private let coverage =
    #"{"resourceType":"Coverage","id":"c","status":"active","subscriberId":"42","beneficiary":{"reference":"Patient/p"},"#
    + #""payor":[{"display":"x"}]}"#

  /// A workspace with two folders of mappings: `old`, the project's own, and `new`, in which a field has another name, one is not
  /// there, and one is more.
  private func workspace() throws -> Workspace {
    let workspace = try Workspace()
    let source = Program.folder.appending(path: "Mappings")
    for name in try FileManager.default.contentsOfDirectory(atPath: source.path) where name.hasSuffix(".yml")
    {
      let text = try String(contentsOf: source.appending(path: name), encoding: .utf8)
      try workspace.write("old/" + name, text)
      var changed = text
      if name == "patient.yml" {
        changed = text.replacing("  email:\n", with: "  mail:\n").replacing(
          "  date_of_birth:\n    path: birthDate\n    transform: date\n",
          with: "  sex:\n    path: gender\n    transform: text\n"
        ).replacing("  insurance_id:\n", with: "  insurance:\n").replacing(
          "  coverages:\n", with: "  covers:\n")
        #expect(!changed.contains("date_of_birth:") && changed.contains("  mail:\n"))
      }
      try workspace.write("new/" + name, changed)
    }
    try workspace.write("patient.json", patient)
    try workspace.write("coverage.json", coverage)
    return workspace
  }

  private func load(_ name: String, by mappings: String, _ workspace: Workspace) throws -> Program.Outcome {
    let outcome = try workspace.run(
      "import", workspace.path(name), "--mappings", workspace.path(mappings), "--summary", "json")
    #expect(outcome.status == 0, "\(outcome.errors)")
    return outcome
  }

  /// Compares what is exported with what was imported.
  private func expectExported(_ names: [String], by mappings: String, _ workspace: Workspace) throws {
    let out = workspace.path("out-\(UUID().uuidString)")
    let export = try workspace.run("export", "--out", out, "--mappings", workspace.path(mappings))
    #expect(export.status == 0, "\(export.errors)")
    let folder = workspace.path("in-\(UUID().uuidString)")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in names {
      try FileManager.default.copyItem(atPath: workspace.path(name), toPath: folder + "/" + name)
    }
    let comparison = try workspace.run("compare", folder, out)
    #expect(comparison.status == 0, "\(comparison.output)")
  }

  @Test func `documents are made anew by a changed mapping when their resources come again`() throws {
    let workspace = try workspace()
    _ = try load("patient.json", by: "old", workspace)
    let plan = try workspace.run(
      "plan", workspace.path("patient.json"), "--mappings", workspace.path("new"))
    #expect(plan.output.contains("patient p: replace"), "\(plan.output)")
    for (mappings, known, unknown) in [
      ("new", ["mail", "sex"], ["email", "date_of_birth"]),
      ("old", ["email", "date_of_birth"], ["mail", "sex"]),
    ] {
      #expect(try load("patient.json", by: mappings, workspace).output.contains(#""unchanged":1"#))
      let made = try workspace.document("p", in: "patient")
      #expect(known.allSatisfy { made[$0] != nil } && unknown.allSatisfy { made[$0] == nil }, "\(made.keys)")
      try expectExported(["patient.json"], by: mappings, workspace)
      let before = try DatabaseContents(of: workspace)
      _ = try load("patient.json", by: mappings, workspace)
      let differences = try DatabaseContents(of: workspace).differences(from: before)
      #expect(differences.allSatisfy { $0.hasPrefix("fhirline_") }, "\(differences)")
    }
  }

  @Test func `what another mapping took out of a patient stays when something else comes for them`() throws {
    let workspace = try workspace()
    _ = try load("patient.json", by: "old", workspace)
    _ = try load("coverage.json", by: "new", workspace)
    let mixed = try workspace.document("p", in: "patient")
    #expect(mixed["email"]?.text == "a@example.org" && mixed["date_of_birth"] != nil)
    #expect(mixed["insurance"]?.text == "42")
    try expectExported(["patient.json", "coverage.json"], by: "old", workspace)

    // The same again is nothing new, until the patient comes.
    let before = try DatabaseContents(of: workspace)
    _ = try load("coverage.json", by: "new", workspace)
    let differences = try DatabaseContents(of: workspace).differences(from: before)
    #expect(differences.allSatisfy { $0.hasPrefix("fhirline_") }, "\(differences)")
    _ = try load("patient.json", by: "new", workspace)
    let made = try workspace.document("p", in: "patient")
    #expect(made["mail"]?.text == "a@example.org" && made["email"] == nil && made["date_of_birth"] == nil)
    #expect(made["covers"]?.elements?.count == 1 && made["coverages"] == nil)
    try expectExported(["patient.json", "coverage.json"], by: "new", workspace)
  }

  @Test func `what comes again stands in the section that the mapping has now, and nowhere else`() throws {
    let workspace = try workspace()
    for name in ["patient.json", "coverage.json"] { _ = try load(name, by: "old", workspace) }
    for mappings in ["new", "old"] {
      #expect(try load("coverage.json", by: mappings, workspace).output.contains(#""unchanged":1"#))
      let made = try workspace.document("p", in: "patient")
      _ = try load("patient.json", by: mappings, workspace)
      try expectExported(["patient.json", "coverage.json"], by: mappings, workspace)
      let all = try workspace.document("p", in: "patient")
      let names = mappings == "new" ? ["covers", "coverages"] : ["coverages", "covers"]
      #expect(all[names[0]]?.elements?.count == 1 && all[names[1]] == nil, "\(made.keys) \(all.keys)")
    }
  }

  @Test func `edits outlive a changed mapping`() throws {
    let workspace = try workspace()
    _ = try load("patient.json", by: "old", workspace)
    try workspace.set("email", to: "b@example.org", of: "p", in: "patient")
    try workspace.set("primary_phone", to: ["2025550199"], of: "p", in: "patient")
    _ = try load("patient.json", by: "new", workspace)
    let made = try workspace.document("p", in: "patient")
    #expect(made["primary_phone"]?.elements?.map(\.text) == ["2025550199"])
    // The application's word in a field that the mapping has no longer is its own.
    #expect(made["email"]?.text == "b@example.org" && made["mail"]?.text == "a@example.org")
    let export = try workspace.run("export", "--out", "-", "--mappings", workspace.path("new"))
    #expect(export.output.contains("2025550199") && !export.output.contains("2025550123"))
    #expect(export.errors.contains("patient.email: has no home in FHIR"), "\(export.errors)")
  }
}
