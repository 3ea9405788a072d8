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

  /// Line and column of a byte of this chunk. Counts from the chunk's start: call it for issues, not for every element.
  package func position(at index: Int) -> SourcePosition {
    var line = self.line
    var lineStart = 0
    var column = self.column
    let end = min(index, count)
    var i = 0
    while i < end {
      if bytes[i] == 0x0A {
        line += 1
        lineStart = i + 1
        column = 1
      }
      i += 1
    }
    i = lineStart
    while i < end {
      // Continuation bytes of UTF-8 belong to the scalar before them.
      if bytes[i] & 0xC0 != 0x80 { column += 1 }
      i += 1
    }
    return SourcePosition(line: line, column: column)
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

  package static func < (a: SourcePosition, b: SourcePosition) -> Bool {
    (a.line, a.column) < (b.line, b.column)
  }
}
