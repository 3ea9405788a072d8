import Memory
import Synchronization

/// A stretch of a source's bytes, held in memory as long as a tree needs it.
///
/// Readers fill a chunk once and share it with the trees they build, so that no text is copied. The bytes are padded
/// by ``padding`` zero bytes, which lets scanners read whole vectors and find a sentinel.
package final class SourceChunk: @unchecked Sendable {
  // Safe to share: `bytes` is written and moved only by `fill` and `grow` before the chunk is handed on, and freed in `deinit`.

  package static let padding = 64
  /// How much chunks of sources hold as a rule: their memory is used again.
  package static let usualCapacity = ChunkMemory.blockBytes - padding

  /// The first byte; `count + padding` bytes are allocated.
  package private(set) var bytes: UnsafeMutablePointer<UInt8>
  package private(set) var capacity: Int
  /// Bytes that are valid.
  package private(set) var count: Int
  /// Byte offset of the chunk in its source.
  package let offset: UInt64
  /// Line of the chunk's first byte, from 1.
  package let line: Int
  /// Column of the chunk's first byte, from 1, in Unicode scalars.
  package let column: Int
  /// Where its pieces stand in the source, if it was put together from several; the first begins at 0.
  private let pieces: [Piece]
  /// Whether the bytes stand in ``ChunkMemory``.
  private var isUsual: Bool
  /// What the bytes stand in, where they are not the chunk's own.
  private let filed: FiledArray<UInt8>?
  /// Whether it was put together from several stretches of its source.
  package var isPieced: Bool { !pieces.isEmpty }
  private let marks = Mutex<[SourcePosition]>([])
  private let lineMarks = Mutex<[Int]>([])
  private static let markDistance = 1024

  /// A stretch of the source inside a chunk that was put together.
  package struct Piece: Sendable {
    /// Index of its first byte in the chunk.
    let start: Int
    /// Where that byte stands in the source.
    let position: SourcePosition

    package init(start: Int, position: SourcePosition) {
      self.start = start
      self.position = position
    }
  }

  package init(
    capacity: Int, offset: UInt64 = 0, line: Int = 1, column: Int = 1, pieces: [Piece] = []
  ) {
    isUsual = capacity == SourceChunk.usualCapacity
    bytes = isUsual ? ChunkMemory.take() : GrowingMemory.allocate(capacity + SourceChunk.padding)
    self.capacity = capacity
    count = 0
    self.offset = offset
    self.line = line
    self.column = column
    self.pieces = pieces
    filed = nil
    bytes.initialize(repeating: 0, count: SourceChunk.padding)
  }

  /// A chunk whose bytes stand in a file, if they are many, and are let go of by ``release()``.
  ///
  /// - Parameter filed: the bytes with ``padding`` zero bytes behind them.
  package init(_ filed: FiledArray<UInt8>) {
    precondition(filed.count >= SourceChunk.padding, "a chunk ends with its padding")
    let lent = filed.lend(0..<filed.count)
    // it is not empty: the buffer has a base; nobody writes to it, for a chunk that is handed on does not change
    bytes = UnsafeMutablePointer(mutating: lent.baseAddress.unsafelyUnwrapped)
    count = filed.count - SourceChunk.padding
    capacity = count
    offset = 0
    line = 1
    column = 1
    pieces = []
    isUsual = false
    self.filed = filed
  }

  /// A chunk that holds a copy of the given bytes.
  package convenience init(copying source: UnsafeRawBufferPointer, line: Int = 1, column: Int = 1) {
    self.init(capacity: source.count, line: line, column: column)
    fill { room in
      room.copyMemory(from: source)
      return source.count
    }
  }

  package convenience init(_ source: [UInt8], pieces: [Piece] = []) {
    self.init(capacity: source.count, pieces: pieces)
    fill { room in
      source.withUnsafeBytes { room.copyMemory(from: $0) }
      return source.count
    }
  }

  deinit {
    if isUsual {
      ChunkMemory.giveBack(bytes)
    } else if filed == nil {
      GrowingMemory.free(bytes)
    }
  }

  /// Lets go of the memory of bytes that stand in a file; they come back when they are touched.
  package func release() { filed?.release() }

  /// Makes room for more bytes. Before the chunk is handed on: the bytes may move.
  package func grow(to capacity: Int) {
    precondition(capacity >= count && filed == nil, "a chunk of its own bytes grows, and does not shrink")
    if isUsual {
      let larger = GrowingMemory<UInt8>.allocate(capacity + SourceChunk.padding)
      larger.update(from: bytes, count: count + SourceChunk.padding)
      ChunkMemory.giveBack(bytes)
      isUsual = false
      bytes = larger
    } else {
      bytes = GrowingMemory.resize(bytes, to: capacity + SourceChunk.padding)
    }
    self.capacity = capacity
    marks.withLock { $0 = [] }
    lineMarks.withLock { $0 = [] }
  }

  /// Lets `body` write into the free room behind the valid bytes; it returns how many it wrote.
  @discardableResult
  package func fill(_ body: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows -> Int {
    let room = UnsafeMutableRawBufferPointer(start: bytes + count, count: capacity - count)
    let written = try body(room)
    precondition(written >= 0 && written <= room.count, "a chunk was filled beyond its capacity")
    count += written
    (bytes + count).initialize(repeating: 0, count: SourceChunk.padding)
    return written
  }

  /// The valid bytes.
  package var buffer: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: bytes, count: count) }

  /// Line and column of a byte of this chunk.
  ///
  /// The first call goes through the whole chunk to note the position of every 1,024th byte, later ones through no more
  /// than so many: a chunk without issues pays nothing, one with thousands little.
  package func position(at index: Int) -> SourcePosition {
    let index = min(max(index, 0), count)
    let position = ownPosition(at: index)
    if pieces.isEmpty { return position }
    // The last piece that begins at or before the byte.
    var low = 0
    var high = pieces.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if pieces[middle].start <= index { low = middle } else { high = middle }
    }
    let piece = pieces[low]
    let start = ownPosition(at: piece.start)
    if start.line == position.line {
      return SourcePosition(
        line: piece.position.line, column: piece.position.column + position.column - start.column)
    }
    return SourcePosition(line: piece.position.line + position.line - start.line, column: position.column)
  }

  /// The line of a byte of this chunk; quicker than its whole position.
  package func line(at index: Int) -> Int {
    guard pieces.isEmpty else { return position(at: index).line }
    let index = min(max(index, 0), count)
    let mark = index / SourceChunk.markDistance
    let line = lineMarks.withLock { marks in
      if marks.isEmpty { marks = makeLineMarks() }
      return marks[mark]
    }
    return line + SourcePosition.lineFeeds(in: stretch(mark * SourceChunk.markDistance..<index))
  }

  /// The position as if the chunk were the source.
  private func ownPosition(at index: Int) -> SourcePosition {
    let (mark, rest) = mark(before: index)
    return mark.advanced(over: rest)
  }

  /// The last place before a byte whose position is noted, and the bytes between.
  private func mark(before index: Int) -> (SourcePosition, UnsafeBufferPointer<UInt8>) {
    let mark = marks.withLock { marks in
      if marks.isEmpty { marks = makeMarks() }
      return marks[min(index / SourceChunk.markDistance, marks.count - 1)]
    }
    let from = index / SourceChunk.markDistance * SourceChunk.markDistance
    return (mark, stretch(from..<index))
  }

  private func stretch(_ range: Range<Int>) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count)
  }

  private func makeMarks() -> [SourcePosition] {
    var position = SourcePosition(line: line, column: column)
    var marks = [position]
    var start = 0
    while start + SourceChunk.markDistance <= count {
      position = position.advanced(over: stretch(start..<start + SourceChunk.markDistance))
      marks.append(position)
      start += SourceChunk.markDistance
    }
    return marks
  }

  /// The lines of every 1,024th byte: cheaper than where they stand on them.
  private func makeLineMarks() -> [Int] {
    var marks = [line]
    marks.reserveCapacity(count / SourceChunk.markDistance + 1)
    for mark in 0..<count / SourceChunk.markDistance {
      let start = mark * SourceChunk.markDistance
      marks.append(
        marks[mark] + SourcePosition.lineFeeds(in: stretch(start..<start + SourceChunk.markDistance)))
    }
    return marks
  }
}
