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
    column += SourcePosition.scalars(
      in: UnsafeBufferPointer(start: bytes + lineStart, count: stretch.count - lineStart))
    return SourcePosition(line: line, column: column)
  }

  /// Index behind the last line feed of a stretch; nil where there is none.
  static func lastLineStart(in stretch: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let bytes = stretch.baseAddress else { return nil }
    var end = stretch.count
    while end >= 16 {
      let lanes = UnsafeRawPointer(bytes + end - 16).loadUnaligned(as: SIMD16<UInt8>.self)
      if any(lanes .== SIMD16<UInt8>(repeating: 0x0A)) { break }
      end -= 16
    }
    while end > 0 {
      if bytes[end - 1] == 0x0A { return end }
      end -= 1
    }
    return nil
  }

  /// How many Unicode scalars begin in a stretch of UTF-8.
  static func scalars(in stretch: UnsafeBufferPointer<UInt8>) -> Int {
    guard let bytes = stretch.baseAddress else { return 0 }
    // Continuation bytes, which are below -64 as signed ones, belong to the scalar before them.
    return countBytes(bytes, stretch.count) {
      unsafeBitCast($0, to: SIMD16<Int8>.self) .>= SIMD16<Int8>(repeating: -64)
    }
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
  /// Lanes that the test finds are 255, which is -1.
  @inline(__always)
  func found(at i: Int) -> SIMD16<UInt8> {
    unsafeBitCast(
      test(UnsafeRawPointer(bytes + i).loadUnaligned(as: SIMD16<UInt8>.self)), to: SIMD16<UInt8>.self)
  }
  var total = 0
  var i = 0
  while i + 64 <= count {
    // A lane counts to at most 255, by up to four a step.
    var lanes = SIMD16<UInt8>(repeating: 0)
    let stop = min(count, i + 63 * 64)
    while i + 64 <= stop {
      lanes = lanes &- (found(at: i) &+ found(at: i + 16) &+ found(at: i + 32) &+ found(at: i + 48))
      i += 64
    }
    total += Int(SIMD16<UInt16>(truncatingIfNeeded: lanes).wrappedSum())
  }
  var lanes = SIMD16<UInt8>(repeating: 0)
  while i + 16 <= count {
    lanes = lanes &- found(at: i)
    i += 16
  }
  if i < count {
    var block = SIMD16<UInt8>(repeating: 0x80)
    for lane in 0..<count - i { block[lane] = bytes[i + lane] }
    lanes = lanes &- unsafeBitCast(test(block), to: SIMD16<UInt8>.self)
  }
  return total + Int(SIMD16<UInt16>(truncatingIfNeeded: lanes).wrappedSum())
}
