import Memory

/// Appends BSON to one growable buffer, element by element, without allocating for any of them.
///
/// In a document every value follows its `key(_:)`; in an array the names "0", "1", … are written by themselves:
///
///     var writer = BSONWriter()
///     writer.beginDocument()
///     writer.append("_id", string: id)
///     writer.beginArray("languages")
///     writer.append(string: "en")
///     writer.endArray()
///     writer.endDocument()
///     let document = try writer.finish()
///
/// Documents begun at the top one after another stand behind each other in the buffer, as `BSONBatch` wants them.
/// A value without a key, a key without a value and an unbalanced `end` are bugs and stop the program.
@usableFromInline package struct BSONWriter: ~Copyable {
  /// A document or array that is open: where its length stands, and in an array the next index (-1 in a document).
  @usableFromInline struct Frame: BitwiseCopyable {
    @usableFromInline var start: Int
    @usableFromInline var nextIndex: Int
    @inlinable init(start: Int, nextIndex: Int) {
      self.start = start
      self.nextIndex = nextIndex
    }
  }

  /// A place to come back to; see `rollBack(to:)`.
  @usableFromInline package struct Mark {
    @usableFromInline let count: Int
    @usableFromInline let depth: Int
    @usableFromInline let frame: Frame
    @usableFromInline let documents: Int
  }

  @usableFromInline var base: UnsafeMutableRawPointer
  @usableFromInline var capacity: Int
  /// The bytes written so far.
  @usableFromInline package var count = 0
  /// Complete documents at the top of the buffer.
  @usableFromInline package var documentCount = 0
  /// Where the type of the value to come belongs; -1 where no key was written.
  @usableFromInline var typeOffset = -1
  @usableFromInline var frame = Frame(start: -1, nextIndex: -1)
  @usableFromInline var parents = MemoryStack<Frame>(capacity: 32)

  package init(capacity: Int = 4096) {
    let memory = LargeMemory.allocate(max(capacity, 64))
    // there is no empty memory
    base = memory.baseAddress.unsafelyUnwrapped
    self.capacity = memory.count
  }

  deinit { LargeMemory.deallocate(memory) }

  private var memory: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: base, count: capacity)
  }

  /// How many documents and arrays are open.
  @inlinable package var depth: Int { parents.count }

  /// Whether nothing has been written into the innermost open document or array.
  @inlinable package var isCurrentEmpty: Bool { count == frame.start + 4 }

  /// Forgets what was written, and makes room.
  ///
  /// - Parameters:
  ///   - room: about how many bytes will come: what is large does not grow step by step.
  ///   - pool: where memory for so many comes from.
  package mutating func reset(room: Int, from pool: SharedBufferPool) {
    reset()
    guard room > capacity else { return }
    LargeMemory.deallocate(memory)
    use(pool.memory(capacity: room))
  }

  private mutating func use(_ memory: UnsafeMutableRawBufferPointer) {
    // there is no empty memory
    base = memory.baseAddress.unsafelyUnwrapped
    capacity = memory.count
  }

  /// Forgets what was written and keeps the memory.
  package mutating func reset() {
    count = 0
    documentCount = 0
    typeOffset = -1
    frame = Frame(start: -1, nextIndex: -1)
    parents.truncate(to: 0)
  }

  // MARK: Nesting

  /// Begins a document: at the top, as an element of the open array, or as the value of the key just written.
  @inlinable package mutating func beginDocument() {
    if parents.isEmpty { reserve(8) } else { writeHeader(.document, room: 8) }
    push(nextIndex: -1)
  }

  @inlinable package mutating func beginDocument(_ key: BSONKey) {
    self.key(key)
    beginDocument()
  }

  /// Begins an array; at the top too, for a caller that embeds the bytes somewhere else.
  @inlinable package mutating func beginArray() {
    if parents.isEmpty { reserve(8) } else { writeHeader(.array, room: 8) }
    push(nextIndex: 0)
  }

  @inlinable package mutating func beginArray(_ key: BSONKey) {
    self.key(key)
    beginArray()
  }

  @inlinable package mutating func endDocument() {
    precondition(frame.nextIndex < 0, "endDocument() closes an array")
    pop()
  }

  @inlinable package mutating func endArray() {
    precondition(frame.nextIndex >= 0, "endArray() closes a document")
    pop()
  }

  /// Remembers this place, so that what follows can be taken back: an array that turned out empty, a value that
  /// turned out unfit.
  package func mark() -> Mark {
    precondition(typeOffset < 0, "a mark between a key and its value")
    return Mark(count: count, depth: parents.count, frame: frame, documents: documentCount)
  }

  /// Drops all that was written since the mark, open documents and arrays included.
  ///
  /// The document that was open at the mark must still be open.
  package mutating func rollBack(to mark: Mark) {
    precondition(mark.count <= count && mark.depth <= parents.count, "a mark of a document that was closed")
    count = mark.count
    documentCount = mark.documents
    frame = mark.frame
    typeOffset = -1
    parents.truncate(to: mark.depth)
  }

  // MARK: Results

  /// Lends the bytes written so far.
  @inlinable package func withBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try body(UnsafeRawBufferPointer(start: base, count: count))
  }

  /// The one document written, as a value; the writer starts anew and keeps its memory.
  ///
  /// - Throws: `tooLarge` for more than 2 GB, which BSON's lengths cannot say.
  package mutating func finish() throws(BSONError) -> BSONDocument {
    precondition(documentCount == 1, "finish() wants exactly one document; finishBatch() takes many")
    let batch = try finishBatch()
    return BSONDocument(unchecked: SharedBytes(batch.bytes))
  }

  /// The one document written, kept in an arena; the writer starts anew and keeps its memory.
  ///
  /// - Throws: `tooLarge` for more than 2 GB, which BSON's lengths cannot say.
  package mutating func finish(into arena: inout SharedArena) throws(BSONError) -> BSONDocument {
    precondition(documentCount == 1 && parents.isEmpty, "finish(into:) wants exactly one document")
    defer { reset() }
    guard count <= Int(Int32.max) else { throw BSONError(.tooLarge) }
    return BSONDocument(unchecked: withBytes { arena.keep($0) })
  }

  /// The one document written, where it stands; its memory goes to the pool when nobody holds it any more. The writer starts
  /// anew, with next to no memory.
  ///
  /// - Throws: `tooLarge` for more than 2 GB, which BSON's lengths cannot say.
  package mutating func finish(leavingMemoryTo pool: SharedBufferPool) throws(BSONError) -> BSONDocument {
    precondition(documentCount == 1 && parents.isEmpty, "a finish wants exactly one document")
    defer { reset() }
    guard count <= Int(Int32.max) else { throw BSONError(.tooLarge) }
    let memory = memory
    use(LargeMemory.allocate(64))
    return BSONDocument(unchecked: SharedBuffer.lending(count, of: memory, to: pool))
  }

  /// All documents written, one behind the other; the writer starts anew and keeps its memory.
  package mutating func finishBatch() throws(BSONError) -> BSONBatch {
    precondition(parents.isEmpty, "a document is still open")
    defer { reset() }
    guard count <= Int(Int32.max) else { throw BSONError(.tooLarge) }
    return BSONBatch(
      unchecked: [UInt8](UnsafeRawBufferPointer(start: base, count: count)), count: documentCount)
  }

  // MARK: The buffer

  @inlinable mutating func push(nextIndex: Int) {
    parents.append(frame)
    frame = Frame(start: count, nextIndex: nextIndex)
    count &+= 4
  }

  @inlinable mutating func pop() {
    precondition(typeOffset < 0 && !parents.isEmpty, "an end without a begin, or a key without a value")
    reserve(1)
    base.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
    count &+= 1
    // More than 2 GB is refused by `finish`; until then the length is only a placeholder.
    base.storeBytes(
      of: Int32(truncatingIfNeeded: count - frame.start).littleEndian, toByteOffset: frame.start,
      as: Int32.self)
    frame = parents.removeLast()
    if parents.isEmpty { documentCount &+= 1 }
  }

  @inlinable mutating func reserve(_ more: Int) {
    if count &+ more > capacity { grow(more) }
  }

  @usableFromInline @inline(never) mutating func grow(_ more: Int) {
    let wider = max(capacity * 2, count + more)
    let fresh = LargeMemory.allocate(wider)
    fresh.copyMemory(from: UnsafeRawBufferPointer(start: base, count: count))
    LargeMemory.deallocate(memory)
    use(fresh)
  }
}

/// The memory has one owner, the writer itself, which cannot be copied: it may move to another thread.
extension BSONWriter: @unchecked Sendable {}
