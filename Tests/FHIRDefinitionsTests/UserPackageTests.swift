import Foundation
import Testing

@testable import FHIRDefinitions
@testable import FHIRModel

/// Packages that a user brings: guides that constrain the core.
@Suite(.enabled(if: SharedPackages.areAtHand)) struct UserPackageTests {
  @Test(.enabled(if: SharedPackages.usCoreIsAtHand))
  func `a national guide is read, and compiles beside the core`() throws {
    let usCore = try SharedPackages.read(SharedPackages.usCore)
    #expect(usCore.label == "hl7.fhir.us.core#3.1.1")
    #expect(usCore.manifest.dependencies.map(\.description) == ["hl7.fhir.r4.core#4.0.1"])
    let race = try #require(usCore.structures.first { $0.url.hasSuffix("/us-core-race") })
    #expect(race.isConstraint && race.type == "Extension")
    let patient = try #require(usCore.structures.first { $0.url.hasSuffix("/us-core-patient") })
    #expect(patient.elements.contains { $0.path == "Patient.identifier" && $0.min == 1 })
    #expect(patient.elements.contains { $0.sliceName == "race" })

    let core = try SharedPackages.read(SharedPackages.core)
    let bytes = try DefinitionCompiler(
      packages: [core, usCore], listing: ["http://hl7.org/fhir/us/core/ValueSet/omb-race-category"]
    ).table()
    let table = try #require(DefinitionTable(keeping: bytes))
    #expect(table.isSound)
    #expect(table.resourceTypes.count == 146)
    let races = try #require(table.valueSet("http://hl7.org/fhir/us/core/ValueSet/omb-race-category"))
    #expect(table.codes(of: races).count == 7)
  }

  @Test(.enabled(if: SharedPackages.usCoreIsAtHand))
  func `a guide's profiles are no types of their own`() throws {
    let usCore = try SharedPackages.read(SharedPackages.usCore)
    let table = try #require(DefinitionTable(keeping: DefinitionCompiler(packages: [usCore]).table()))
    #expect(table.types.isEmpty && table.isSound)
  }

  @Test func `every guide at hand is read`() throws {
    let folder = SharedPackages.folder + "/packages"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    #expect(!names.isEmpty)
    for name in names where name.hasSuffix(".tgz") {
      let package = try SharedPackages.read(folder + "/" + name)
      #expect(!package.structures.isEmpty && package.manifest.fhirVersions == ["4.0.1"], "\(name)")
    }
  }
}
