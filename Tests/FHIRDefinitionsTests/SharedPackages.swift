import FHIRDefinitions
import FoundationEssentials

/// HL7's packages, where they are at hand: `FHIRLINE_SHARED` names their folder.
enum SharedPackages {
  static let folder = ProcessInfo.processInfo.environment["FHIRLINE_SHARED"] ?? "../shared"

  static let core = folder + "/definitions/hl7.fhir.r4.core.tgz"
  static let expansions = folder + "/definitions/hl7.fhir.r4.expansions.tgz"
  static let usCore = folder + "/packages/hl7.fhir.us.core-311.tgz"

  static let areAtHand = [core, expansions].allSatisfy { FileManager.default.fileExists(atPath: $0) }
  static let usCoreIsAtHand = FileManager.default.fileExists(atPath: usCore)

  static func read(_ path: String) throws -> DefinitionPackage {
    try DefinitionPackage(PackageArchive(path: path))
  }
}
