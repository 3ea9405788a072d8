/// Tells where bytes of a chunk stand that are asked for one behind the other: no byte is gone through twice for it, and of most
/// only the lines are counted, which those who ask for a line share.
package struct PositionCursor {
  // It does not hold the chunk, which grows while nobody else does.
  private var index = 0
  private var column: Int

  package init(_ chunk: SourceChunk) { column = chunk.column }

  /// Line and column of a byte, which is not before the one that was asked for last.
  package mutating func position(at index: Int, in chunk: SourceChunk) -> SourcePosition {
    let next = min(index, chunk.count)
    precondition(next >= self.index, "positions are asked for in their order")
    var stretch = UnsafeBufferPointer(
      start: UnsafePointer(chunk.bytes) + self.index, count: next - self.index)
    if let lineStart = SourcePosition.lastLineStart(in: stretch) {
      stretch = UnsafeBufferPointer(rebasing: stretch[lineStart...])
      column = 1
    }
    column += SourcePosition.scalars(in: stretch)
    self.index = next
    return SourcePosition(line: chunk.line(at: next), column: column)
  }
}
