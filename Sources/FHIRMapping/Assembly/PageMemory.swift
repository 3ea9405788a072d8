import BSON

/// Where documents are written, and kept until they are loaded.
package struct PageMemory: ~Copyable {
  /// Documents up to this size may wait for long until there are many of them; see ``SharedArena``.
  private static let smallBytes = 16 << 10

  var writer = BSONWriter(capacity: 16 << 10)
  private var small = SharedArena(bufferBytes: 256 << 10, keeping: 1 << 20)
  // As much comes back as documents wait for the database: fetching fresh pages costs more than filling them.
  private let large = SharedBufferPool(limit: 6 << 20, step: 16 << 10)

  package init() {}

  /// Starts the writer anew, with room for a document.
  mutating func begin(room: Int) { writer.reset(room: room, from: large) }

  mutating func finish() throws(BSONError) -> BSONDocument {
    guard writer.count > PageMemory.smallBytes else { return try writer.finish(into: &small) }
    return try writer.finish(leavingMemoryTo: large)
  }

  /// Copies bytes to where documents are kept.
  mutating func keep(_ bytes: SharedBytes) -> SharedBytes { small.keep(bytes.pointer) }
}
