import Foundation
import Testing

@testable import FHIRDefinitions

/// Packages by name, and what they depend on.
struct PackageResolutionTests {
  private static func files(_ label: String, needs: [String: String] = [:], fhir: String = "4.0.1") -> [(
    String, String
  )] {
    let parts = label.split(separator: "#").map(String.init)
    let folder = "\(label)/package/"
    return [
      (
        folder + "package.json",
        ConformancePackageTests.manifest(parts[0], parts[1], fhir: fhir, needs: needs)
      ),
      (
        folder + "StructureDefinition-x.json",
        ConformancePackageTests.structure("http://example.org/\(parts[0])", version: parts[1])
      ),
    ]
  }

  private func labels(
    _ requests: [String], _ files: [(String, String)]
  ) throws -> (labels: [String], warnings: [String]) {
    try PackageBuilder(verbatim: files).withFolder { folder in
      let resolution = try PackageResolution(
        requests.map { $0.replacingOccurrences(of: "CACHE", with: folder) }, cache: PackageCache(path: folder)
      )
      return (resolution.packages.map(\.label), resolution.warnings)
    }
  }

  @Test func `a package is found in the cache by name and version, or in its latest`() throws {
    let files =
      Self.files("a.guide#1.2.0") + Self.files("a.guide#1.10.0") + Self.files("a.guide#2.0.0-ballot")
    #expect(try labels(["a.guide#1.2.0"], files).labels == ["a.guide#1.2.0"])
    #expect(try labels(["a.guide@1.2.0"], files).labels == ["a.guide#1.2.0"])
    #expect(try labels(["a.guide#1.x"], files).labels == ["a.guide#1.10.0"])
    #expect(try labels(["a.guide"], files).labels == ["a.guide#2.0.0-ballot"])
    #expect(try labels(["CACHE/a.guide#1.2.0"], files).labels == ["a.guide#1.2.0"])
    let error = definitionError { _ = try labels(["a.guide#3.0.0"], files) }
    #expect(error?.code == .unreadable && error?.message.contains("1.2.0, 1.10.0, 2.0.0-ballot") == true)
  }

  @Test func `what a package needs stands before it, through all levels, and circles end`() throws {
    let files =
      Self.files("a.top#1", needs: ["b.middle": "1", "hl7.fhir.r4.core": "4.0.1"])
      + Self.files("b.middle#1", needs: ["c.low": "1"]) + Self.files("c.low#1", needs: ["a.top": "1"])
    let found = try labels(["a.top#1"], files)
    #expect(found.labels == ["c.low#1", "b.middle#1", "a.top#1"] && found.warnings.isEmpty)
  }

  @Test func `what is not at hand is told of once, with the versions that are`() throws {
    let files =
      Self.files("a.top#1", needs: ["b.gone": "2.0", "c.other": "1"])
      + Self.files("c.other#9", needs: [:])
    let found = try labels(["a.top#1", "a.top#1"], files)
    #expect(found.warnings.count == 1)
    #expect(found.warnings[0].contains("b.gone#2.0") && found.warnings[0].contains("c.other#1 (there is 9)"))
  }

  @Test func `a version that the user named stands for another that is not at hand`() throws {
    let files = Self.files("a.top#1", needs: ["b.base": "1.0.0"]) + Self.files("b.base#2.0.0")
    let found = try labels(["b.base#2.0.0", "a.top#1"], files)
    #expect(found.labels == ["b.base#2.0.0", "a.top#1"] && found.warnings.isEmpty)
  }

  @Test func `a dependency for another version of FHIR, or damaged, is left out and told of`() throws {
    let files =
      Self.files("a.top#1", needs: ["b.five": "1", "c.broken": "1"]) + Self.files("b.five#1", fhir: "5.0.0")
      + [("c.broken#1/package/package.json", "{")]
    let found = try labels(["a.top#1"], files)
    #expect(found.labels == ["a.top#1"] && found.warnings.count == 2)
  }

  @Test func `names that would lead out of the cache are no packages`() throws {
    for name in ["../x#1", "a/b#1", ".hidden#1", "a.b#../../c", ""] {
      let error = definitionError { _ = try labels([name], Self.files("a.b#1")) }
      #expect(error?.code == .unreadable, "\(name)")
    }
    let files = Self.files("a.top#1", needs: ["../../etc": "1", "b.c": "../x"])
    let warnings = try labels(["a.top#1"], files).warnings
    #expect(warnings.count == 1)
  }

  @Test(.enabled(if: SharedPackages.usCoreIsAtHand))
  func `a national guide's profiles are found, and stand on the core`() throws {
    let resolution = try PackageResolution([SharedPackages.usCore], cache: PackageCache(path: "/nowhere"))
    #expect(resolution.warnings.isEmpty && resolution.packages.map(\.label) == ["hl7.fhir.us.core#3.1.1"])
    let store = ConformanceStore(packages: resolution.packages)
    let url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
    let patient = try #require(store.structureDefinition(url))
    #expect(patient.elements.count > 40 && patient.differential.count > 10)
    #expect(store.resource(.codeSystem, canonical: "http://hl7.org/fhir/administrative-gender") != nil)
  }
}
