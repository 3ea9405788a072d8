import FHIRFormats
import FHIRModel
import Foundation

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

  static let isPresent = FileManager.default.fileExists(
    atPath: folder.appendingPathComponent("examples").path)

  static func files(_ subfolder: String, _ suffix: String) -> [String] {
    let root = folder.appendingPathComponent(subfolder)
    let paths = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
    return paths.filter { $0.hasSuffix(suffix) }.sorted().map { root.appendingPathComponent($0).path }
  }

  /// Calls the body with every resource of a file: its tree, and the node that it stands at.
  static func forEachResource(of file: String, _ body: (ResourceTree, Int) throws -> Void) throws {
    let reader = try ResourceReader(source: FileSource(file), name: file)
    while let record = try reader.next() {
      switch record.content {
      case .resource, .bundle: try body(record.tree, 0)
      case .entry:
        if let name = DefinitionTable.r4.nameID("resource"), let node = record.tree.child(name, of: 0) {
          try body(record.tree, node)
        }
      case .unreadable: break
      }
    }
  }
}
