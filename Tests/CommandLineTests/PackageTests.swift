import Foundation
import Testing

/// Packages named on the command line.
@Suite struct PackageTests {
  private static let patient = #"{"resourceType": "Patient", "active": true}"#
  private static let profile = """
    {"resourceType": "StructureDefinition", "url": "http://example.org/StructureDefinition/p", "name": "P",
     "kind": "resource", "abstract": false, "type": "Patient", "derivation": "constraint",
     "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
     "differential": {"element": [{"path": "Patient.ELEMENT", "min": 1}]}}
    """

  private func write(_ files: [String: String], _ workspace: Workspace) throws {
    for (name, text) in files {
      let url = workspace.folder.appending(path: name)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(text.utf8).write(to: url)
    }
  }

  @Test func `a profile of a loose folder is found, its snapshot made, and data are checked by it`() throws {
    let workspace = try Workspace()
    try write(
      [
        "patient.json": Self.patient,
        "guide/p.json": Self.profile.replacingOccurrences(of: "ELEMENT", with: "birthDate"),
      ], workspace)
    let arguments = ["validate", "--profile", "http://example.org/StructureDefinition/p", "patient.json"]
    let outcome = try Program.run(arguments + ["--package", "guide"], in: workspace.folder)
    #expect(outcome.status == 1 && outcome.output.contains("birthDate"))
  }

  @Test func `a profile that is demanded and not at hand ends the run before it begins`() throws {
    let workspace = try Workspace()
    try write(
      [
        "patient.json": Self.patient,
        "guide/p.json": Self.profile.replacingOccurrences(of: "ELEMENT", with: "birthDate"),
      ], workspace)
    for (profile, words) in [
      ("http://example.org/StructureDefinition/q", "no package at hand defines this profile"),
      ("http://example.org/P", "did you mean http://example.org/StructureDefinition/p?"),
    ] {
      let outcome = try Program.run(
        ["validate", "--profile", profile, "patient.json", "--package", "guide"], in: workspace.folder)
      #expect(outcome.status == 2 && outcome.output.isEmpty)
      #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }
  }

  @Test func `a package in the cache is found by name, and what it needs and lacks is told of`() throws {
    let workspace = try Workspace()
    try write(
      [
        "patient.json": Self.patient,
        "cache/own.guide#1.0.0/package/package.json":
          #"{"name": "own.guide", "version": "1.0.0", "fhirVersions": ["4.0.1"], "dependencies": {"far.away": "2.0.0"}}"#,
        "cache/own.guide#1.0.0/package/p.json": Self.profile.replacingOccurrences(
          of: "ELEMENT", with: "colour"),
      ], workspace)
    let outcome = try Program.run(
      [
        "validate", "--package", "own.guide#1.0.0", "--package-cache", "cache", "--profile",
        "http://example.org/StructureDefinition/p", "patient.json",
      ], in: workspace.folder)
    #expect(outcome.errors.contains("far.away#2.0.0"))
    // The profile constrains an element that Patient does not have: it cannot be used, and that is said.
    #expect(outcome.errors.contains("p.json") && outcome.errors.contains("colour"))
  }

  @Test func `packages that are not there, or no packages, end the run before it begins`() throws {
    let workspace = try Workspace()
    try write(["patient.json": Self.patient, "notes/readme.txt": "nothing"], workspace)
    for package in ["gone.tgz", "no.such.guide#1.0.0", "notes", "../x#1"] {
      let outcome = try Program.run(
        ["validate", "--package", package, "--package-cache", "none", "patient.json"], in: workspace.folder)
      #expect(outcome.status == 2 && outcome.errors.contains(package) && outcome.output.isEmpty)
    }
  }
}
