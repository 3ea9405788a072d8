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
    var reader = JSONLineReader(self)
    while let record = reader.next() { try body(record) }
  }

  /// The one line that a byte of the chunk stands in.
  func line(at offset: Int) -> JSONLines {
    var start = offset
    while start > range.lowerBound, chunk.bytes[start - 1] != JSONByte.newline { start -= 1 }
    return JSONLines(chunk: chunk, range: start..<lineEnd(from: offset), names: names, options: options)
  }

  /// Index of the line feed that ends a line, or behind the last one.
  func lineEnd(from start: Int) -> Int {
    let bytes = UnsafePointer(chunk.bytes)
    let rest = range.upperBound - start
    guard rest > 0, let end = memchr(bytes + start, Int32(JSONByte.newline), rest) else {
      return range.upperBound
    }
    return UnsafeRawPointer(end) - UnsafeRawPointer(bytes)
  }
}
