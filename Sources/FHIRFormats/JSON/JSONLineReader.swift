import FHIRModel

/// Parses lines of NDJSON record by record. A Bundle on a line gives a record for each of its entries, and one for its other members.
///
/// A line is read as a whole or not at all: what is wrong with it can be mended, and the line replayed as it stands.
struct JSONLineReader: ~Copyable {
  private let lines: JSONLines
  private var scanner: JSONScanner
  private var cursor: PositionCursor
  /// Where the next line begins.
  private var start: Int
  /// Records of the Bundle at hand that are still to be given, the next one last.
  private var held: [Record] = []
  /// The Bundle at hand, where it is long.
  private var long: (walk: BundleWalk, text: BundleWalk.Text)?

  init(_ lines: JSONLines) {
    self.lines = lines
    scanner = JSONScanner(
      names: lines.names, maximumDepth: lines.options.maximumDepth,
      maximumNodes: lines.options.maximumElements)
    cursor = PositionCursor(lines.chunk)
    start = JSONSkip.lineStart(lines.chunk.bytes, from: lines.range.lowerBound)
  }

  /// The next record; nil behind the last line.
  mutating func next() -> Record? {
    if let record = held.popLast() { return record }
    if let record = nextOfLong() { return record }
    let bytes = UnsafePointer(lines.chunk.bytes)
    let end = lines.range.upperBound
    while start < end {
      if let skips = lines.options.skips, JSONSkip.isPassedOver(bytes, at: start, skips) {
        start = JSONSkip.lineStart(bytes, from: lines.lineEnd(from: start))
        continue
      }
      if lines.options.splitBundles, bytes[start] == JSONByte.openObject,
        case .bundle = BundleSign.look(bytes, from: start, to: end, linewise: true)
      {
        let line = start..<lines.lineEnd(from: start)
        start = JSONSkip.lineStart(bytes, from: line.upperBound)
        if let record = begin(line) { return record }
        continue
      }
      return resource()
    }
    return nil
  }

  /// The record of a line that is one resource, or nothing that can be read.
  private mutating func resource() -> Record {
    let bytes = UnsafePointer(lines.chunk.bytes)
    let begin = start
    var outcome = scanner.scan(bytes, from: begin, to: lines.range.upperBound, linewise: true)
    if case .value(let valueEnd) = outcome {
      var end = valueEnd
      while bytes[end] == 0x20 || bytes[end] == 0x09 || bytes[end] == 0x0D { end += 1 }
      if end >= lines.range.upperBound || bytes[end] == JSONByte.newline {
        start = JSONSkip.lineStart(bytes, from: end)
        return scanner.record(.resource, expression: "", chunk: lines.chunk, range: begin..<valueEnd)
      }
      outcome = .value(end: end)
    }
    let lineEnd = lines.lineEnd(from: begin)
    start = JSONSkip.lineStart(bytes, from: lineEnd)
    return scanner.unreadable(
      outcome, expression: "", chunk: lines.chunk, range: begin..<lineEnd,
      incomplete: bytes[begin] == JSONByte.openArray
        ? "the line ends within an array: a line of NDJSON is one resource, with no brackets and commas around it"
        : "the line ends within the resource")
  }

  // MARK: Bundles

  /// Takes up a Bundle that is a line, and gives the first of its records, or what says why it cannot be read.
  private mutating func begin(_ line: Range<Int>) -> Record? {
    var text = BundleWalk.Text(
      chunk: lines.chunk, cursor: cursor, start: line.lowerBound, end: line.upperBound, isLast: true,
      isLine: true)
    let position = text.position(at: line.lowerBound)
    text.start += 1
    defer { cursor = text.cursor }
    var checking = lines.options
    // The records of a few chunks are held until the line's end has come; a longer one is gone through twice.
    let isLong = line.count > 2 * lines.options.chunkBytes
    // Who passes over entries may count them: that is not to be done twice.
    if isLong { checking.skips = nil }
    let before = text
    var walk = BundleWalk(at: position, names: lines.names, options: checking)
    while true {
      let record = step(&walk, &text)
      switch record.content {
      case .entry:
        if !isLong { held.append(record) }
        continue
      case .bundle where !isLong:
        held.append(record)
        held.reverse()
        return held.popLast()
      case .bundle, .resource:
        long = (BundleWalk(at: position, names: lines.names, options: lines.options), before)
        return nextOfLong()
      case .unreadable:
        held = []
        var record = record
        record.raw = RawSlice(chunk: lines.chunk, range: line)
        return record
      }
    }
  }

  private mutating func nextOfLong() -> Record? {
    guard var (walk, text) = long else { return nil }
    // Nobody else holds what the walk gathers while it goes on.
    long = nil
    let record = step(&walk, &text)
    if case .entry = record.content { long = (walk, text) }
    return record
  }

  /// The next record of a Bundle that is a line.
  private mutating func step(_ walk: inout BundleWalk, _ text: inout BundleWalk.Text) -> Record {
    while true {
      switch walk.step(&text, &scanner) {
      case .moved, .hungry: continue
      case .entry(let record), .broken(let record): return record
      case .end(let record, let end):
        let next = JSONSkip.blanks(lines.chunk.bytes, from: end)
        if next >= text.end { return record }
        return walk.malformed(
          text, next, JSONSyntaxFault.behindValue(at: UnsafePointer(lines.chunk.bytes + next)))
      }
    }
  }
}
