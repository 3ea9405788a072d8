import FHIRFormats
import FHIRModel
import Foundation
import Testing

/// The project's reference data, which is not part of the repository: tests that need it are skipped without it.
enum SharedData {
  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["FHIRLINE_SHARED"], !path.isEmpty {
      return URL(fileURLWithPath: path, isDirectory: true)
    }
    let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return package.deletingLastPathComponent().appendingPathComponent("shared", isDirectory: true)
  }()

  static let suite = folder.appendingPathComponent("conformance/fhirpath")
  static let isPresent = FileManager.default.fileExists(
    atPath: suite.appendingPathComponent("tests-fhir-r4.xml").path)

  static func bytes(_ name: String) -> [UInt8] {
    [UInt8](FileManager.default.contents(atPath: suite.appendingPathComponent(name).path) ?? Data())
  }

  static func tree(_ name: String) throws -> ResourceTree {
    let reader = try ResourceReader(source: MemorySource(bytes(name)), name: name)
    return try #require(try reader.next()).tree
  }
}
