/// A resource as one contiguous arena of nodes, typed by nothing but its names.
///
/// JSON, XML and documents build the same tree; validation, mapping and the writers walk it with a
/// ``DefinitionTable`` at hand. The text of values is a slice of the source (JSON) or of a buffer of the tree's own.
///
/// A tree is built by one reader on one thread and is not changed afterwards; then it may be shared.
@usableFromInline
package final class ResourceTree: @unchecked Sendable {
  // Safe to share: every mutating member is for the builder alone, before the tree is handed on.

  // No exclusivity checks: no closure ever runs inside an access to these, and a check for every node is dear.
  @usableFromInline @exclusivity(unchecked) package var nodes: UnsafeMutablePointer<Node>
  @usableFromInline @exclusivity(unchecked) package var count = 0
  @exclusivity(unchecked) @usableFromInline var capacity: Int

  /// The bytes that the nodes' texts are slices of.
  @usableFromInline @exclusivity(unchecked) package var text: UnsafePointer<UInt8>
  /// Keeps `text` alive.
  private var textOwner: AnyObject?
  /// How `Node.position` is to be read.
  package let origin: Origin
  /// Names that the definition table does not know, by `NameID.rawValue - NameID.unknown`.
  @usableFromInline package private(set) var unknownNames: [String] = []
  private var unknownNumbers: [[UInt8]: UInt16] = [:]
  /// FHIRPath of the root, where it is not a resource of its own: `Bundle.entry[3]`. Empty otherwise.
  package var rootExpression = ""

  package enum Origin: Sendable {
    /// `Node.position` is a byte offset into this chunk, whose bytes are also the text.
    case chunk(SourceChunk)
    /// `Node.position` and `Node.column` are line and column.
    case lines
    /// The tree comes from no file.
    case none
  }

  /// A tree whose texts are slices of a chunk, as JSON's are.
  package init(chunk: SourceChunk, capacity: Int = 64) {
    nodes = GrowingMemory<Node>.allocate(capacity)
    self.capacity = capacity
    text = UnsafePointer(chunk.bytes)
    textOwner = chunk
    origin = .chunk(chunk)
  }

  /// A tree whose texts stand in a buffer of its own; see ``TextBuffer``.
  package init(text buffer: TextBuffer, origin: Origin, capacity: Int = 64) {
    nodes = GrowingMemory<Node>.allocate(capacity)
    self.capacity = capacity
    text = UnsafePointer(buffer.bytes)
    textOwner = buffer
    self.origin = origin
  }

  /// A tree whose nodes were built elsewhere; they are copied. Their texts are slices of the chunk.
  package convenience init(
    chunk: SourceChunk, copying built: UnsafeBufferPointer<Node>, unknownNames: [String] = []
  ) {
    let nodes = GrowingMemory<Node>.allocate(built.count)
    if let first = built.baseAddress { nodes.initialize(from: first, count: built.count) }
    self.init(chunk: chunk, taking: nodes, count: built.count, unknownNames: unknownNames)
  }

  /// A tree whose nodes were built elsewhere, in ``GrowingMemory`` that is the tree's from now on.
  package init(
    chunk: SourceChunk, taking built: UnsafeMutablePointer<Node>, count: Int, unknownNames: [String] = []
  ) {
    nodes = built
    self.count = count
    capacity = max(count, 1)
    text = UnsafePointer(chunk.bytes)
    textOwner = chunk
    origin = .chunk(chunk)
    self.unknownNames = unknownNames
    for (number, name) in unknownNames.enumerated() { unknownNumbers[Array(name.utf8)] = UInt16(number) }
  }

  deinit { if filedNodes == nil { GrowingMemory.free(nodes) } }

  // MARK: Trees in files

  /// What the nodes stand in, once ``moveNodesToFile()`` was called.
  private var filedNodes: FiledArray<Node>?

  /// Has the nodes stand in a file, if they are many; for a tree that is complete, before it is handed on.
  package func moveNodesToFile() {
    precondition(filedNodes == nil && count > 0, "the nodes of a tree move once")
    var filed = FiledArray<Node>()
    filed.reserveCapacity(count)
    for start in stride(from: 0, to: count, by: 1 << 14) {
      filed.append(
        contentsOf: UnsafeBufferPointer(start: nodes + start, count: min(1 << 14, count - start)))
    }
    GrowingMemory.free(nodes)
    // there is a node: the buffer has a base; nobody writes to it from now on
    nodes = UnsafeMutablePointer(mutating: filed.lend(0..<count).baseAddress.unsafelyUnwrapped)
    capacity = count
    filedNodes = filed
  }

  /// Lets go of what a tree that stands in a file has of it in memory; it comes back when it is touched.
  package func release() {
    filedNodes?.release()
    (textOwner as? SourceChunk)?.release()
  }

  /// Whether ``release()`` lets go of anything.
  package var isFiled: Bool { filedNodes != nil }

  /// Builders call this when a ``TextBuffer`` may have moved its bytes.
  package func textMoved(to buffer: TextBuffer) { text = UnsafePointer(buffer.bytes) }

  // MARK: Building

  /// Appends a node whose `end` is still open; returns its index.
  @inlinable
  @inline(__always)
  package func append(_ node: Node) -> Int {
    if count == capacity { grow() }
    (nodes + count).initialize(to: node)
    count &+= 1
    return count &- 1
  }

  /// Ends the node: all that was appended since stands below it.
  @inlinable
  @inline(__always)
  package func close(_ index: Int) { nodes[index].end = UInt32(truncatingIfNeeded: count) }

  /// Gives up all nodes from an index on: a reader that starts an element over.
  package func truncate(to index: Int) { count = index }

  /// Makes room for at least so many nodes in all.
  package func reserve(_ minimum: Int) {
    while capacity < minimum { grow() }
  }

  @usableFromInline
  func grow() {
    capacity *= 2
    nodes = GrowingMemory.resize(nodes, to: capacity)
  }

  /// The id of a name the table does not know; nil when a tree holds more than 32,767 different ones.
  package func internUnknown(_ name: String) -> NameID? {
    // Names whose code points differ are different names, though Swift may call the strings equal (RFC 8259, 8.3).
    let key = Array(name.utf8)
    if let known = unknownNumbers[key] { return NameID(rawValue: NameID.unknown + known) }
    let number = unknownNames.count
    guard number < 0x7FFE else { return nil }
    unknownNames.append(name)
    unknownNumbers[key] = UInt16(number)
    return NameID(rawValue: NameID.unknown + UInt16(number))
  }

  /// Gives a node's value another text. Only for a tree with a ``TextBuffer``, before it is handed on.
  package func replaceText(of index: Int, with text: String) {
    guard let buffer = textOwner as? TextBuffer else {
      preconditionFailure("this tree's text is its source's")
    }
    nodes[index].textStart = UInt32(buffer.append(text))
    nodes[index].textLength = UInt32(text.utf8.count)
    nodes[index].flags.remove(.escaped)
    textMoved(to: buffer)
  }

  // MARK: Reading

  /// The text of a node's value as the source wrote it: JSON escapes not decoded (see `NodeFlags.escaped`).
  @inlinable
  @inline(__always)
  package func rawText(_ index: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: text + Int(nodes[index].textStart), count: Int(nodes[index].textLength))
  }

  /// Where an element stands in its source, if it came from one.
  package func position(of index: Int) -> SourcePosition? {
    switch origin {
    case .chunk(let chunk): chunk.position(at: Int(nodes[index].position))
    case .lines: SourcePosition(line: Int(nodes[index].position), column: Int(nodes[index].column))
    case .none: nil
    }
  }

  /// The line on which an element begins, if it came from a source.
  package func line(of index: Int) -> Int? {
    if case .chunk(let chunk) = origin { return chunk.line(at: Int(nodes[index].position)) }
    return position(of: index)?.line
  }

  /// Index of the first child of that name, or nil.
  @inlinable
  package func child(_ name: NameID, of index: Int) -> Int? {
    var i = index + 1
    let end = Int(nodes[index].end)
    while i < end {
      if nodes[i].name == name { return i }
      i = Int(nodes[i].end)
    }
    return nil
  }

  /// The children of a node, in the order of the source.
  @inlinable
  package func children(of index: Int) -> Children {
    Children(tree: self, upcoming: index + 1, end: Int(nodes[index].end))
  }

  @frozen
  @usableFromInline
  package struct Children: Sequence, IteratorProtocol {
    @usableFromInline let tree: ResourceTree
    @usableFromInline var upcoming: Int
    @usableFromInline let end: Int

    @inlinable
    init(tree: ResourceTree, upcoming: Int, end: Int) {
      self.tree = tree
      self.upcoming = upcoming
      self.end = end
    }

    @inlinable
    package mutating func next() -> Int? {
      guard upcoming < end else { return nil }
      defer { upcoming = Int(tree.nodes[upcoming].end) }
      return upcoming
    }
  }
}

/// A growing buffer of text for trees whose source has no slices to offer: XML and documents.
@usableFromInline
package final class TextBuffer {
  @usableFromInline @exclusivity(unchecked) package var bytes: UnsafeMutablePointer<UInt8>
  @usableFromInline @exclusivity(unchecked) package var count = 0
  @exclusivity(unchecked) @usableFromInline var capacity: Int

  package init(capacity: Int = 1024) {
    self.capacity = Swift.max(capacity, 64)
    bytes = GrowingMemory.allocate(self.capacity)
  }

  deinit { GrowingMemory.free(bytes) }

  /// Appends bytes and returns where they begin.
  @inlinable
  @inline(__always)
  package func append(_ source: UnsafeBufferPointer<UInt8>) -> Int {
    let start = count
    if count &+ source.count > capacity { grow(to: count + source.count) }
    if let base = source.baseAddress {
      (bytes + count).update(from: base, count: source.count)
      count &+= source.count
    }
    return start
  }

  package func append(_ source: String) -> Int {
    var source = source
    return source.withUTF8 { append($0) }
  }

  @usableFromInline
  func grow(to minimum: Int) {
    var larger = capacity
    while larger < minimum { larger *= 2 }
    bytes = GrowingMemory.resize(bytes, to: larger)
    capacity = larger
  }
}
