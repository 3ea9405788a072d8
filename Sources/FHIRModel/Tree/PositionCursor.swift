/// Tells where bytes of a chunk stand that are asked for one behind the other: all of them together cost one pass.
package struct PositionCursor {
  // It does not hold the chunk, which grows while nobody else does.
  private var index = 0
  private var position: SourcePosition

  package init(_ chunk: SourceChunk) {
    position = SourcePosition(line: chunk.line, column: chunk.column)
  }

  /// Line and column of a byte, which is not before the one that was asked for last.
  package mutating func position(at index: Int, in chunk: SourceChunk) -> SourcePosition {
    let next = min(index, chunk.count)
    precondition(next >= self.index, "positions are asked for in their order")
    let stretch = UnsafeBufferPointer(start: chunk.bytes + self.index, count: next - self.index)
    position = position.advanced(over: stretch)
    self.index = next
    return position
  }
}
