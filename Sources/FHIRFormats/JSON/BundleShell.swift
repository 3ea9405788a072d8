import FHIRModel

/// A Bundle's members but for its entries, gathered while the entries go by.
///
/// Chunks come and go meanwhile, so the members' bytes are copied together into an object of their own, and what is
/// read from it gets the positions that it had in the source.
struct BundleShell {
  var hasEntries = false
  private var bytes: [UInt8] = [JSONByte.openObject]
  private var pieces: [Piece]
  private var repeatedEntries: [SourcePosition] = []

  private struct Piece {
    /// Where it begins in `bytes`, and where in the source.
    let offset: Int
    let position: SourcePosition
  }

  init(at position: SourcePosition) { pieces = [Piece(offset: 0, position: position)] }

  /// Takes a member: name, colon and value.
  mutating func append(_ range: Range<Int>, of chunk: SourceChunk) {
    if bytes.count > 1 { bytes.append(JSONByte.comma) }
    pieces.append(Piece(offset: bytes.count, position: chunk.position(behind: range.lowerBound)))
    bytes.append(contentsOf: chunk.buffer[range])
  }

  /// Notes that the Bundle has a second member `entry`; its entries are read like those of the first.
  mutating func entriesRepeat(at position: SourcePosition) { repeatedEntries.append(position) }

  func record(entryCount: Int, scanner: inout JSONScanner) -> Record {
    let chunk = SourceChunk(bytes + [JSONByte.closeObject])
    let range = 0..<chunk.count
    let outcome = scanner.scan(chunk.bytes, from: 0, to: chunk.count)
    guard case .value = outcome else {
      return scanner.unreadable(
        outcome, expression: "Bundle", chunk: chunk, range: range,
        incomplete: "a member of the Bundle is not whole",
        position: { position(at: $0, in: chunk) })
    }
    let tree = scanner.tree(over: chunk, origin: .lines)
    var issues = scanner.issues(of: tree) { position(at: $0, in: chunk) }
    let isUnusable = scanner.isUnusable
    for node in 0..<tree.count {
      let position = position(at: Int(tree.nodes[node].position), in: chunk)
      tree.nodes[node].position = UInt32(truncatingIfNeeded: position.line)
      tree.nodes[node].column = UInt32(truncatingIfNeeded: position.column)
    }
    for position in repeatedEntries {
      issues.append(
        Issue(
          .error, .jsonDuplicateKey, at: "Bundle.entry", position: position,
          "this name stands twice in the same object"))
    }
    if tree.nodes[0].flags.kind != .resource || !tree.rawText(0).elementsEqual("Bundle".utf8) {
      issues.append(
        Issue(
          .error, .resourceType, at: "Bundle", position: pieces[0].position,
          "entries were read as a Bundle's, but resourceType, which should stand before them, is not Bundle"))
    }
    return Record(
      isUnusable ? .unreadable : .bundle(entryCount: entryCount), tree: tree, issues: issues,
      raw: RawSlice(chunk: chunk, range: range))
  }

  /// The position in the source of a byte of the object put together.
  private func position(at offset: Int, in chunk: SourceChunk) -> SourcePosition {
    // The last piece that begins at or before the byte; the first one begins at 0.
    var low = 0
    var high = pieces.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if pieces[middle].offset <= offset { low = middle } else { high = middle }
    }
    let piece = pieces[low]
    let from = chunk.position(at: piece.offset)
    let to = chunk.position(at: offset)
    if from.line == to.line {
      return SourcePosition(
        line: piece.position.line, column: piece.position.column + to.column - from.column)
    }
    return SourcePosition(line: piece.position.line + to.line - from.line, column: to.column)
  }
}
