import FHIRFormats
import FHIRModel
import TestSupport

extension SharedData {
  static let isPresent = has("examples")

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
