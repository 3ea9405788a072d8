import FHIRModel
import TestSupport
import Testing

/// Lines and columns are counted by blocks: they must be what counting byte by byte gives.
@Suite struct SourcePositionTests {
  /// Lines of a chunk's bytes, counted one by one.
  private func position(_ bytes: [UInt8], _ index: Int) -> SourcePosition {
    var (line, column) = (1, 1)
    for byte in bytes[..<index] {
      if byte == 0x0A {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    return SourcePosition(line: line, column: column)
  }

  @Test func `lines and columns are those of counting byte by byte`() {
    var generator = SeededGenerator(seed: 11)
    for (count, oneIn) in [(0, 2), (15, 2), (16, 2), (64, 3), (65, 1), (1023, 40), (5000, 2), (9000, 700)] {
      let bytes = (0..<count).map { _ -> UInt8 in
        if Int.random(in: 0..<oneIn, using: &generator) == 0 { return 0x0A }
        // ASCII, and bytes of scalars that take two.
        return [0x61, 0x20, 0xC3, 0xA9].randomElement(using: &generator) ?? 0x61
      }
      let chunk = SourceChunk(bytes)
      var cursor = PositionCursor(chunk)
      for index in Set([0, count / 3, count / 2, count - 1, count, 1024, 1025]).sorted()
      where (0...count).contains(index) {
        let expected = position(bytes, index)
        #expect(chunk.line(at: index) == expected.line, "\(index) of \(count)")
        #expect(chunk.position(at: index) == expected, "\(index) of \(count)")
        #expect(cursor.position(at: index, in: chunk) == expected, "\(index) of \(count)")
      }
    }
  }

  @Test func `five thousand line ends in a row are all counted`() {
    let chunk = SourceChunk([UInt8](repeating: 0x0A, count: 5000))
    #expect(chunk.line(at: 5000) == 5001)
    #expect(chunk.position(at: 5000) == SourcePosition(line: 5001, column: 1))
  }
}
