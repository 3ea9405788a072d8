import BSON
import FHIRFormats
import FHIRModel
import Foundation

@testable import FHIRMapping

enum Shared {
  static let folder = ProcessInfo.processInfo.environment["FHIRLINE_SHARED"] ?? "../shared"
  static var isThere: Bool { FileManager.default.fileExists(atPath: folder + "/DOCUMENTS.md") }

  static func files(_ path: String, suffix: String) -> [String] {
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder + "/" + path)) ?? []
    return names.filter { $0.hasSuffix(suffix) }.sorted().map { folder + "/" + path + "/" + $0 }
  }

  /// Every resource of a file, with the node that it stands at.
  static func resources(of file: String) throws -> [(tree: ResourceTree, node: Int)] {
    let reader = try ResourceReader(source: FileSource(path: file), name: file)
    let name = try #requireName("resource")
    var resources: [(ResourceTree, Int)] = []
    while let record = try reader.next() {
      switch record.content {
      case .resource, .bundle: resources.append((record.tree, 0))
      case .entry: if let node = record.tree.child(name, of: 0) { resources.append((record.tree, node)) }
      case .unreadable: break
      }
    }
    return resources
  }

  private static func #requireName(_ name: String) throws -> NameID { DefinitionTable.r4.nameID(name)! }
}
