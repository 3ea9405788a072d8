package import FHIRModel

/// Reads JSON documents that are in memory already, without a reader's chunks and batches.
package enum JSONDocument {
  /// The one resource (or other JSON value) of a chunk; `.unreadable`, with the reason, if it is no JSON document.
  package static func read(
    _ chunk: SourceChunk, table: DefinitionTable = .r4, maximumDepth: Int = 256,
    maximumElements: Int = ReadOptions().maximumElements
  ) -> Record {
    var scanner = JSONScanner(
      names: .of(table), maximumDepth: maximumDepth, maximumNodes: maximumElements)
    var start = chunk.buffer.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    start = JSONSkip.blanks(chunk.bytes, from: start)
    let rest = min(start, chunk.count)..<chunk.count
    guard !rest.isEmpty else {
      return .unreadable(.empty, "the input is empty", RawSlice(chunk: chunk, range: rest))
    }
    let outcome = scanner.scan(chunk.bytes, from: start, to: chunk.count)
    guard case .value(let end) = outcome else {
      return scanner.unreadable(
        outcome, expression: "", chunk: chunk, range: rest, incomplete: "the input ends within the resource")
    }
    let behind = JSONSkip.blanks(chunk.bytes, from: end)
    guard behind >= chunk.count else {
      return .unreadable(
        .jsonSyntax, "text follows the end of the JSON document",
        RawSlice(chunk: chunk, range: behind..<chunk.count))
    }
    return scanner.record(.resource, expression: "", chunk: chunk, range: start..<end)
  }

  /// A member of a JSON object, as ranges of its chunk.
  package struct Member {
    /// From the name's opening quote.
    package let start: Int
    /// The name, without its quotes and with its escapes.
    package let name: Range<Int>
    package let value: Range<Int>
    /// Where the next member begins; the same as the value's end for the last one.
    package let next: Int
  }

  /// Finds the members of a chunk's JSON object without reading their values, until `body` returns false.
  ///
  /// - Returns: false where the chunk is no object, or is malformed before `body` had seen enough.
  package static func forEachMember(of chunk: SourceChunk, _ body: (Member) -> Bool) -> Bool {
    let base = UnsafePointer(chunk.bytes)
    let end = chunk.count
    var i = JSONSkip.blanks(base, from: chunk.buffer.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0)
    guard i < end, base[i] == JSONByte.openObject else { return false }
    i = JSONSkip.blanks(base, from: i + 1)
    while i < end, base[i] == JSONByte.quote {
      let start = i
      let nameEnd = JSONSkip.string(base, from: start + 1, to: end) - 1
      guard nameEnd > start else { return false }
      i = JSONSkip.blanks(base, from: nameEnd + 1)
      guard i < end, base[i] == JSONByte.colon else { return false }
      i = JSONSkip.blanks(base, from: i + 1)
      guard i < end else { return false }
      let value = i
      i = JSONSkip.value(base, from: value, to: end)
      guard i > value else { return false }
      let valueEnd = i
      i = JSONSkip.blanks(base, from: i)
      let isLast = i >= end || base[i] != JSONByte.comma
      if !isLast { i = JSONSkip.blanks(base, from: i + 1) }
      let member = Member(
        start: start, name: start + 1..<nameEnd, value: value..<valueEnd, next: isLast ? valueEnd : i)
      if !body(member) { return true }
      if isLast { break }
    }
    return i < end && base[i] == JSONByte.closeObject
  }
}
