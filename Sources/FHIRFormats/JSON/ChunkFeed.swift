import FHIRModel

/// A source's bytes as chunks, each beginning with what the one before it left over.
final class ChunkFeed {
  private let source: any ByteSource
  private let chunkBytes: Int
  private let maximumBytes: Int
  private let beforeLarge: (@Sendable () -> Void)?
  private(set) var chunk: SourceChunk
  /// Tells where the chunk's bytes stand.
  var cursor: PositionCursor
  /// Index of the first byte of the chunk that no record has taken.
  var start = 0
  /// The chunk's end is the source's.
  private(set) var isLast = false
  /// Why the source could not be read on; thrown when what was read before has been used up.
  private var failure: ReadFailure?

  init(_ source: any ByteSource, options: ReadOptions) throws(ReadFailure) {
    self.source = source
    chunkBytes = max(options.chunkBytes, 16)
    beforeLarge = options.beforeLarge
    maximumBytes = min(max(options.maximumResourceBytes, 1), ReadOptions.largestChunk)
    chunk = SourceChunk(capacity: chunkBytes)
    cursor = PositionCursor(chunk)
    fill(chunk)
    if chunk.count == 0, let failure { throw failure }
  }

  /// Line and column of a byte of the chunk, which is not before the one that was asked for last.
  func position(at index: Int) -> SourcePosition { cursor.position(at: index, in: chunk) }

  /// Bytes of the source before `start`.
  var consumed: UInt64 { chunk.offset + UInt64(start) }

  /// Replaces the chunk by one that begins with the byte at `start` and holds more behind it.
  ///
  /// - Returns: false if a resource would grow beyond what is allowed; the chunk is unchanged.
  func advance() throws(ReadFailure) -> Bool {
    if let failure { throw failure }
    let rest = chunk.count - start
    guard rest < maximumBytes else { return false }
    // A resource that fills the chunk gets one of twice the size; so all of it is copied at most twice over, and what is huge is
    // not copied at all.
    let capacity = rest > chunkBytes / 2 ? min(rest * 2, max(maximumBytes, chunkBytes)) : chunkBytes
    if capacity > ReadOptions.large { beforeLarge?() }
    if start == 0, rest == chunk.capacity, isKnownUniquelyReferenced(&chunk) {
      chunk.grow(to: capacity)
      fill(chunk)
      return true
    }
    let position = position(at: start)
    let next = SourceChunk(
      capacity: capacity, offset: chunk.offset + UInt64(start), line: position.line, column: position.column)
    let left = UnsafeRawBufferPointer(start: chunk.bytes + start, count: rest)
    next.fill { room in
      room.copyMemory(from: left)
      return rest
    }
    fill(next)
    chunk = next
    cursor = PositionCursor(next)
    start = 0
    return true
  }

  /// Drops all bytes up to the source's next line feed, that one included; false if none is left.
  func skipLine() throws(ReadFailure) -> Bool {
    while true {
      if let newline = chunk.buffer[start...].firstIndex(of: JSONByte.newline) {
        start = newline + 1
        return true
      }
      start = chunk.count
      if isLast { return false }
      _ = try advance()
    }
  }

  /// Drops the value that begins at `start`, however large it is; false if the source ends within it.
  func skipValue() throws(ReadFailure) -> Bool {
    var value = JSONValueEnd()
    while true {
      if let end = value.find(in: chunk.buffer[start...]) {
        start = end
        return true
      }
      start = chunk.count
      if isLast { return false }
      _ = try advance()
    }
  }

  private func fill(_ chunk: SourceChunk) {
    while chunk.count < chunk.capacity && !isLast && failure == nil {
      chunk.fill { room in
        do throws(ReadFailure) {
          let count = try source.read(into: room)
          if count == 0 { isLast = true }
          return count
        } catch {
          failure = error
          return 0
        }
      }
    }
  }
}
