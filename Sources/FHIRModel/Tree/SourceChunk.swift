import Synchronization

/// A stretch of a source's bytes, held in memory as long as a tree needs it.
///
/// Readers fill a chunk once and share it with the trees they build, so that no text is copied. The bytes are padded
/// by ``padding`` zero bytes, which lets scanners read whole vectors and find a sentinel.
package final class SourceChunk: @unchecked Sendable {
  // Safe to share: `bytes` is written only by `fill` before the chunk is handed on, and freed in `deinit`.

  package static let padding = 64

  /// The first byte; `count + padding` bytes are allocated.
  package let bytes: UnsafeMutablePointer<UInt8>
  package let capacity: Int
  /// Bytes that are valid.
  package private(set) var count: Int
  /// Byte offset of the chunk in its source.
  package let offset: UInt64
  /// Line of the chunk's first byte, from 1.
  package let line: Int
  /// Column of the chunk's first byte, from 1, in Unicode scalars.
  package let column: Int
  private let marks = Mutex<[SourcePosition]>([])
  private static let markDistance = 4096

  package init(capacity: Int, offset: UInt64 = 0, line: Int = 1, column: Int = 1) {
    bytes = .allocate(capacity: capacity + SourceChunk.padding)
    self.capacity = capacity
    count = 0
    self.offset = offset
    self.line = line
    self.column = column
    bytes.initialize(repeating: 0, count: SourceChunk.padding)
  }

  /// A chunk that holds a copy of the given bytes.
  package convenience init(copying source: UnsafeRawBufferPointer, line: Int = 1, column: Int = 1) {
    self.init(capacity: source.count, line: line, column: column)
    fill { room in
      room.copyMemory(from: source)
      return source.count
    }
  }

  package convenience init(_ source: [UInt8]) {
    self.init(capacity: source.count)
    fill { room in
      source.withUnsafeBytes { room.copyMemory(from: $0) }
      return source.count
    }
  }

  deinit { bytes.deallocate() }

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

  /// Line and column of a byte of this chunk, worked out by going through the bytes before it once.
  package func position(behind index: Int) -> SourcePosition {
    SourcePosition(line: line, column: column)
      .advanced(over: UnsafeBufferPointer(start: bytes, count: min(index, count)))
  }

  /// Line and column of a byte of this chunk.
  ///
  /// The first call goes through the whole chunk to note the position of every 4,096th byte, later ones through no more
  /// than so many: a chunk without issues pays nothing, one with thousands little.
  package func position(at index: Int) -> SourcePosition {
    let index = min(max(index, 0), count)
    let mark = marks.withLock { marks in
      if marks.isEmpty { marks = makeMarks() }
      return marks[min(index / SourceChunk.markDistance, marks.count - 1)]
    }
    let from = min(index, index / SourceChunk.markDistance * SourceChunk.markDistance)
    return mark.advanced(over: UnsafeBufferPointer(start: bytes + from, count: index - from))
  }

  private func makeMarks() -> [SourcePosition] {
    var position = SourcePosition(line: line, column: column)
    var marks = [position]
    var start = 0
    while start + SourceChunk.markDistance <= count {
      let stretch = UnsafeBufferPointer(start: bytes + start, count: SourceChunk.markDistance)
      position = position.advanced(over: stretch)
      marks.append(position)
      start += SourceChunk.markDistance
    }
    return marks
  }
}

/// A place in a source: line and column from 1, columns counted in Unicode scalars.
package struct SourcePosition: Hashable, Sendable, Comparable {
  package let line: Int
  package let column: Int

  package init(line: Int, column: Int) {
    self.line = line
    self.column = column
  }

  /// The position behind a stretch of UTF-8 that begins at this one.
  package func advanced(over stretch: UnsafeBufferPointer<UInt8>) -> SourcePosition {
    guard let bytes = stretch.baseAddress else { return self }
    var line = self.line
    var column = self.column
    var lineStart = 0
    // Lines first: as most stretches hold few scalars behind their last line feed, columns are counted there only.
    let newlines = countBytes(bytes, stretch.count) { $0 .== SIMD16<UInt8>(repeating: 0x0A) }
    if newlines > 0 {
      line += newlines
      column = 1
      lineStart = stretch.count
      while bytes[lineStart - 1] != 0x0A { lineStart -= 1 }
    }
    // Continuation bytes of UTF-8, which are below -64 as signed ones, belong to the scalar before them.
    column += countBytes(bytes + lineStart, stretch.count - lineStart) {
      unsafeBitCast($0, to: SIMD16<Int8>.self) .>= SIMD16<Int8>(repeating: -64)
    }
    return SourcePosition(line: line, column: column)
  }

  package static func < (a: SourcePosition, b: SourcePosition) -> Bool {
    (a.line, a.column) < (b.line, b.column)
  }
}

/// How many bytes a test finds; it is given sixteen at a time, the last ones filled up with 0x80.
@inline(__always)
private func countBytes(
  _ bytes: UnsafePointer<UInt8>, _ count: Int, _ test: (SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>>
) -> Int {
  var total = 0
  var i = 0
  while i < count {
    // A lane counts to at most 255.
    var lanes = SIMD16<UInt8>(repeating: 0)
    let stop = min(count, i + 255 * 16)
    while i < stop {
      var block = SIMD16<UInt8>(repeating: 0x80)
      if i + 16 <= count {
        block = UnsafeRawPointer(bytes + i).loadUnaligned(as: SIMD16<UInt8>.self)
      } else {
        for lane in 0..<count - i { block[lane] = bytes[i + lane] }
      }
      // A lane that is set is -1.
      lanes = lanes &- unsafeBitCast(test(block), to: SIMD16<UInt8>.self)
      i += 16
    }
    for lane in 0..<16 { total += Int(lanes[lane]) }
  }
  return total
}
