package import FHIRModel

/// Reads JSON documents that are in memory already, without a reader's chunks and batches.
package enum JSONDocument {
  /// The one resource (or other JSON value) of a chunk; `.unreadable`, with the reason, if it is no JSON document.
  package static func read(
    _ chunk: SourceChunk, table: DefinitionTable = .r4, maximumDepth: Int = 256
  ) -> Record {
    var scanner = JSONScanner(names: .of(table), maximumDepth: maximumDepth)
    var start = chunk.buffer.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    start = JSONSkip.blanks(chunk.bytes, from: start)
    let rest = min(start, chunk.count)..<chunk.count
    guard !rest.isEmpty else {
      return .unreadable(.empty, "the input is empty", chunk: chunk, range: rest)
    }
    let outcome = scanner.scan(chunk.bytes, from: start, to: chunk.count)
    guard case .value(let end) = outcome else {
      return scanner.unreadable(
        outcome, expression: "", chunk: chunk, range: rest, incomplete: "the input ends within the resource")
    }
    let behind = JSONSkip.blanks(chunk.bytes, from: end)
    guard behind >= chunk.count else {
      return .unreadable(
        .jsonSyntax, "text follows the end of the JSON document", chunk: chunk, range: behind..<chunk.count)
    }
    return scanner.record(.resource, expression: "", chunk: chunk, range: start..<end)
  }

  /// The texts of some members of a JSON object, found without reading the rest; nil where a member is no plain string.
  ///
  /// Looks no further than it must: what stands behind the last of them may be anything.
  package static func strings(_ names: [StaticString], in chunk: SourceChunk) -> [String?] {
    var found = [String?](repeating: nil, count: names.count)
    let base = UnsafePointer(chunk.bytes)
    let end = chunk.count
    var left = names.count
    var i = chunk.buffer.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    i = JSONSkip.blanks(base, from: i)
    guard i < end, base[i] == JSONByte.openObject else { return found }
    i = JSONSkip.blanks(base, from: i + 1)
    while left > 0, i < end, base[i] == JSONByte.quote {
      let key = i + 1
      let keyEnd = JSONSkip.string(base, from: key, to: end) - 1
      guard keyEnd >= key else { return found }
      i = JSONSkip.blanks(base, from: keyEnd + 1)
      guard i < end, base[i] == JSONByte.colon else { return found }
      i = JSONSkip.blanks(base, from: i + 1)
      guard i < end else { return found }
      let value = i
      i = JSONSkip.value(base, from: value, to: end)
      guard i > value else { return found }
      if base[value] == JSONByte.quote,
        let name = names.firstIndex(where: { name in
          name.utf8CodeUnitCount == keyEnd - key
            && memoryEqual(base + key, name.utf8Start, name.utf8CodeUnitCount)
        }), found[name] == nil
      {
        let text = UnsafeBufferPointer(start: base + value + 1, count: i - value - 2)
        if !text.contains(JSONByte.backslash) { found[name] = String(decoding: text, as: UTF8.self) }
        left -= 1
      }
      i = JSONSkip.blanks(base, from: i)
      guard i < end, base[i] == JSONByte.comma else { return found }
      i = JSONSkip.blanks(base, from: i + 1)
    }
    return found
  }
}
