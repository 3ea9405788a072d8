import BSON

/// Where documents are written, and kept until they are loaded.
package struct PageMemory: ~Copyable {
  /// Documents up to this size may wait for long until there are many of them; see ``SharedArena``.
  private static let smallBytes = 16 << 10

  var writer = BSONWriter(capacity: 16 << 10)
  /// By kind: documents of one kind leave together, and those of another may wait for long.
  private var small = DocumentKind.allCases.map { _ in SharedArena(bufferBytes: 64 << 10, keeping: 512 << 10)
  }
  // As much comes back as documents wait for the database: fetching fresh pages costs more than filling them.
  private let large = SharedBufferPool(limit: 4 << 20, step: 16 << 10)

  package init() {}

  /// Starts the writer anew, with room for a document.
  mutating func begin(room: Int) { writer.reset(room: room, from: large) }

  mutating func finish(_ kind: DocumentKind) throws(BSONError) -> BSONDocument {
    guard writer.count > PageMemory.smallBytes else { return try writer.finish(into: &small[kind.number]) }
    return try writer.finish(leavingMemoryTo: large)
  }

  /// Copies bytes to where documents of a kind are kept.
  mutating func keep(_ bytes: SharedBytes, _ kind: DocumentKind) -> SharedBytes {
    small[kind.number].keep(bytes.pointer)
  }
}
