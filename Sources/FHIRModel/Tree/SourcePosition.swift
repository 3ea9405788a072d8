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
    let newlines = SourcePosition.lineFeeds(in: stretch)
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

  /// How many lines end in a stretch of bytes.
  static func lineFeeds(in stretch: UnsafeBufferPointer<UInt8>) -> Int {
    guard let bytes = stretch.baseAddress else { return 0 }
    return countBytes(bytes, stretch.count) { $0 .== SIMD16<UInt8>(repeating: 0x0A) }
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
