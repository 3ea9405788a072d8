import FHIRFormats
import FHIRModel
import Foundation
import TestSupport
import Testing

/// HL7's own tests of FHIRPath.
extension SharedData {
  static let suite = "conformance/fhirpath/"
  static let isPresent = has(suite + "tests-fhir-r4.xml")

  static func bytes(_ name: String) -> [UInt8] { (try? bytes(of: suite + name)) ?? [] }

  static func tree(_ name: String) throws -> ResourceTree {
    let reader = try ResourceReader(source: MemorySource(bytes(name)), name: name)
    return try #require(try reader.next()).tree
  }
}
