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

  /// Copies what a small document is made of beside it, so that it holds no other memory.
  package mutating func keep(_ part: inout Part) {
    switch part.content {
    case .appointment: break
    case .root(var resource, let names):
      resource.bytes = resource.bytes.withUnsafeBytes { small.keep($0) }
      part.content = .root(resource, names: names)
    case .section(let name, var resource):
      resource.bytes = resource.bytes.withUnsafeBytes { small.keep($0) }
      part.content = .section(name, resource)
    }
  }
}
