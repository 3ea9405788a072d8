import BSON

/// Where documents are written, and kept until they are loaded.
package struct PageMemory: ~Copyable {
  /// Documents up to this size may wait for long until there are many of them; see ``SharedArena``.
  package static let smallBytes = 16 << 10

  var writer = BSONWriter(capacity: 16 << 10)
  // As many buffers come back as documents wait for the database: fetching fresh ones costs more than filling them.
  private var small = SharedArena(bufferBytes: 256 << 10, keeping: 1 << 20)
  private var large = SharedArena(bufferBytes: 1 << 20, keeping: 6 << 20)

  package init() {}

  mutating func finish() throws(BSONError) -> BSONDocument {
    guard writer.count > PageMemory.smallBytes else { return try writer.finish(into: &small) }
    let isLarge = writer.count > 4 << 20
    let document = try writer.finish(into: &large)
    // The next document will hardly be as large again.
    if isLarge { writer = BSONWriter(capacity: 256 << 10) }
    return document
  }

  /// Copies bytes to where documents are kept.
  mutating func keep(_ bytes: SharedBytes) -> SharedBytes { small.keep(bytes.pointer) }
}
