import FHIRModel
import Glibc

/// Whole lines of NDJSON that wait to be parsed, by whichever worker took them.
struct JSONLines: Sendable {
  let chunk: SourceChunk
  let range: Range<Int>
  let names: NameIndex
  let options: ReadOptions

  var byteCount: Int { range.count }

  func forEach(_ body: (Record) throws -> Void) rethrows {
    var scanner = JSONScanner(
      names: names, maximumDepth: options.maximumDepth, maximumNodes: options.maximumElements)
    let bytes = UnsafePointer(chunk.bytes)
    var i = JSONSkip.blanks(bytes, from: range.lowerBound)
    while i < range.upperBound {
      if let skips = options.skips, JSONSkip.isPassedOver(bytes, at: i, skips) {
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
            try BundleParts(of: record, names: names).forEach(body)
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

  /// The one line that a byte of the chunk stands in.
  func line(at offset: Int) -> JSONLines {
    var start = offset
    while start > range.lowerBound, chunk.bytes[start - 1] != JSONByte.newline { start -= 1 }
    return JSONLines(chunk: chunk, range: start..<lineEnd(from: offset), names: names, options: options)
  }

  private func lineEnd(from start: Int) -> Int {
    let bytes = UnsafePointer(chunk.bytes)
    let rest = range.upperBound - start
    guard rest > 0, let end = memchr(bytes + start, Int32(JSONByte.newline), rest) else {
      return range.upperBound
    }
    return UnsafeRawPointer(end) - UnsafeRawPointer(bytes)
  }
}
