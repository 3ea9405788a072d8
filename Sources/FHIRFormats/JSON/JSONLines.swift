import FHIRModel

/// Whole lines of NDJSON that wait to be parsed, by whichever worker took them.
struct JSONLines: Sendable {
  let chunk: SourceChunk
  let range: Range<Int>
  let names: NameIndex
  let options: ReadOptions

  var byteCount: Int { range.count }

  /// - Parameter skips: takes the type that a line begins with; such lines are not read, whatever else they hold.
  func forEach(
    skipping skips: ((UnsafeBufferPointer<UInt8>) -> Bool)? = nil, _ body: (Record) throws -> Void
  ) rethrows {
    var scanner = JSONScanner(names: names, maximumDepth: options.maximumDepth)
    let bytes = UnsafePointer(chunk.bytes)
    var i = JSONSkip.blanks(bytes, from: range.lowerBound)
    while i < range.upperBound {
      if let skips, let type = leadingType(at: i), skips(type) {
        i = JSONSkip.blanks(bytes, from: lineEnd(from: i))
        continue
      }
      let outcome = scanner.scan(bytes, from: i, to: range.upperBound, linewise: true)
      if case .value(var end) = outcome {
        let valueEnd = end
        while bytes[end] == 0x20 || bytes[end] == 0x09 || bytes[end] == 0x0D { end += 1 }
        if end >= range.upperBound || bytes[end] == JSONByte.newline {
          let record = scanner.record(.resource, expression: "", chunk: chunk, range: i..<valueEnd)
          if options.splitBundles && record.isBundle(names.table) {
            for part in BundleParts(of: record, names: names) { try body(part) }
          } else {
            try body(record)
          }
          i = JSONSkip.blanks(bytes, from: end)
          continue
        }
        let lineEnd = lineEnd(from: end)
        try body(
          scanner.unreadable(
            .value(end: end), expression: "", chunk: chunk, range: i..<lineEnd, incomplete: ""))
        i = JSONSkip.blanks(bytes, from: lineEnd)
        continue
      }
      let lineEnd = lineEnd(from: i)
      try body(
        scanner.unreadable(
          outcome, expression: "", chunk: chunk, range: i..<lineEnd,
          incomplete: "the line ends within the resource"))
      i = JSONSkip.blanks(bytes, from: lineEnd)
    }
  }

  /// The type of a line that begins `{"resourceType":"…"`, as nearly all do.
  private func leadingType(at start: Int) -> UnsafeBufferPointer<UInt8>? {
    let bytes = UnsafePointer(chunk.bytes)
    guard bytes[start] == JSONByte.openObject else { return nil }
    let word: StaticString = "\"resourceType\""
    var at = JSONSkip.blanks(bytes, from: start + 1)
    // A chunk ends with zeros, which are no part of the word: it is left before the room ends.
    for offset in 0..<word.utf8CodeUnitCount where bytes[at + offset] != word.utf8Start[offset] { return nil }
    at = JSONSkip.blanks(bytes, from: at + word.utf8CodeUnitCount)
    guard bytes[at] == UInt8(ascii: ":") else { return nil }
    at = JSONSkip.blanks(bytes, from: at + 1)
    guard bytes[at] == UInt8(ascii: "\"") else { return nil }
    var end = at + 1
    while (0x61...0x7A).contains(bytes[end] | 0x20) { end += 1 }
    guard bytes[end] == UInt8(ascii: "\"") else { return nil }
    return UnsafeBufferPointer(start: bytes + at + 1, count: end - at - 1)
  }

  private func lineEnd(from start: Int) -> Int {
    chunk.buffer[start..<range.upperBound].firstIndex(of: JSONByte.newline) ?? range.upperBound
  }
}
