import BSON

/// Where documents are written, and kept until they are loaded.
package struct PageMemory: ~Copyable {
  /// Documents up to this size may wait for long until there are many of them; see ``SharedArena``.
  package static let smallBytes = 16 << 10

  var writer = BSONWriter(capacity: 16 << 10)
  private var small = SharedArena(bufferBytes: 256 << 10)
  private var large = SharedArena(bufferBytes: 1 << 20)

  package init() {}

  mutating func finish() throws(BSONError) -> BSONDocument {
    guard writer.count > PageMemory.smallBytes else { return try writer.finish(into: &small) }
    let isLarge = writer.count > 1 << 20
    let document = try writer.finish(into: &large)
    // The next document will hardly be as large again.
    if isLarge { writer = BSONWriter(capacity: 256 << 10) }
    return document
  }

  /// Copies bytes to where documents are kept.
  mutating func keep(_ bytes: SharedBytes) -> SharedBytes { small.keep(bytes.pointer) }
}
