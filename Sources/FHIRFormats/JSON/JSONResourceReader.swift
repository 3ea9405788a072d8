import FHIRModel

/// Reads the resources of a JSON document or of NDJSON.
///
/// A Bundle is read entry by entry (``BundleWalk``). What follows on later lines of a document that takes one line is read as
/// NDJSON.
final class JSONResourceReader {
  /// Bytes of a Bundle whose entries make a batch: enough to be worth handing on, few enough to share among workers.
  private static let batchBytes = 256 << 10

  private(set) var format: Format
  private let feed: ChunkFeed
  private let names: NameIndex
  private let options: ReadOptions
  private var scanner: JSONScanner
  private var state = State.start
  /// The Bundle of which no last record was given.
  private var walk: BundleWalk?
  /// Lines on which the document begins and ends.
  private var documentLines = 1...1
  private var records: [Record] = []

  private enum State {
    /// Before the document.
    case start
    /// In a Bundle.
    case bundle
    /// Behind the document.
    case behind
    case lines
    case ended
  }

  /// What a step did.
  private enum Step {
    case moved
    /// More bytes are needed from `feed.start` on.
    case hungry
  }

  init(
    source: any ByteSource, format: Format, table: DefinitionTable, options: ReadOptions
  ) throws(ReadFailure) {
    self.format = format
    self.options = options
    feed = try ChunkFeed(source, options: options)
    names = .of(table)
    scanner = JSONScanner(
      names: names, maximumDepth: options.maximumDepth, maximumNodes: options.maximumElements)
    if format == .ndjson { state = .lines }
  }

  /// See ``ResourceReader/unfinishedBundle``.
  var unfinishedBundle: UnfinishedBundle? { walk?.unfinished }

  func nextBatch() throws(ReadFailure) -> RecordBatch? {
    let consumed = feed.consumed
    records.removeAll()
    while true {
      switch state {
      case .ended:
        return records.isEmpty ? nil : batch(since: consumed)
      case .lines:
        // A record that waits comes first; one that stands for a line too long is given by `nextLines`.
        if records.isEmpty, let lines = try nextLines() { return RecordBatch(lines) }
        if !records.isEmpty { return batch(since: consumed) }
      default:
        guard case .hungry = step() else {
          if !records.isEmpty && feed.consumed - consumed >= UInt64(JSONResourceReader.batchBytes) {
            return batch(since: consumed)
          }
          continue
        }
        // A chunk's records are one batch: the trees of the next one belong to another chunk.
        if !records.isEmpty { return batch(since: consumed) }
        if feed.isLast {
          endEarly()
        } else if try !feed.advance() {
          try passOver()
        }
      }
    }
  }

  private func batch(since consumed: UInt64) -> RecordBatch {
    RecordBatch(records, byteCount: Int(feed.consumed - consumed))
  }

  private func give(_ record: Record) { records.append(record) }

  /// Gives the beginning of what is too large, and goes on behind it.
  private func passOver() throws(ReadFailure) {
    switch state {
    case .start:
      giveBeginning("it is larger than \(options.bytesAllowed): it is passed over")
      let line = feed.position(at: feed.start).line
      documentLines = line...line
      state = try feed.skipValue() ? .behind : .ended
      if case .behind = state { endDocument(at: feed.start) }
    case .bundle:
      let expression = walk?.expression ?? ""
      guard let start = walk?.passOverEntry(text) else {
        if let walk { give(walk.tooLarge(text)) }
        state = .ended
        return
      }
      feed.start = start
      giveBeginning("it is larger than \(options.bytesAllowed): it is passed over", at: expression)
      if try !feed.skipValue() { state = .ended }
    case .behind, .lines, .ended: state = .ended
    }
  }

  /// Gives the beginning of what is too large to be read: its chunk need not stay for that.
  private func giveBeginning(_ message: String, at expression: String = "") {
    give(.beginning(of: feed.chunk, from: feed.start, expression: expression, message))
  }

  private func unreadable(_ rule: Rule, _ message: String) -> Record {
    .unreadable(rule, message, RawSlice(chunk: feed.chunk, range: feed.start..<feed.chunk.count))
  }

  // MARK: Steps

  private func step() -> Step {
    feed.start =
      state == .behind
      ? JSONSkip.lineStart(feed.chunk.bytes, from: feed.start)
      : JSONSkip.blanks(feed.chunk.bytes, from: feed.start)
    if feed.start >= feed.chunk.count {
      feed.start = feed.chunk.count
      return .hungry
    }
    switch state {
    case .start: return begin()
    case .bundle: return walkOn()
    case .behind:
      // A byte order mark may go on in the next chunk.
      if !feed.isLast, feed.chunk.count - feed.start < 3 { return .hungry }
      return trailing()
    case .lines, .ended:
      return .moved
    }
  }

  /// The source ends, and the state is not one in which it may.
  private func endEarly() {
    switch state {
    case .start:
      // `begin` reads whatever is there, whole or not; so nothing is there.
      give(unreadable(.empty, "the input is empty"))
    case .bundle:
      _ = walkOn()
    case .behind, .lines, .ended:
      break
    }
    state = .ended
  }

  private func begin() -> Step {
    let chunk = feed.chunk
    let start = feed.start
    if options.splitBundles && chunk.bytes[start] == JSONByte.openObject {
      switch BundleSign.look(chunk.bytes, from: start, to: chunk.count, linewise: false) {
      case .unknown where !feed.isLast:
        return .hungry
      case .bundle:
        let position = feed.position(at: start)
        documentLines = position.line...position.line
        walk = BundleWalk(at: position, names: names, options: options)
        feed.start = start + 1
        state = .bundle
        return .moved
      default: break
      }
    }
    let outcome = scanner.scan(chunk.bytes, from: start, to: chunk.count)
    switch outcome {
    case .value(let end):
      // A number may go on in the next chunk.
      if end == chunk.count && !feed.isLast && chunk.bytes[start] != JSONByte.openObject { return .hungry }
      give(scanner.record(.resource, expression: "", chunk: chunk, range: start..<end))
      let line = feed.position(at: start).line
      documentLines = line...line
      endDocument(at: end)
    case .incomplete where !feed.isLast:
      return .hungry
    case .incomplete, .malformed:
      giveRest(outcome, "the input ends within the resource")
    }
    return .moved
  }

  /// What is at hand of a Bundle, from where the reader is.
  private var text: BundleWalk.Text {
    BundleWalk.Text(
      chunk: feed.chunk, cursor: feed.cursor, start: feed.start, end: feed.chunk.count, isLast: feed.isLast)
  }

  private func walkOn() -> Step {
    var text = text
    let step = walk?.step(&text, &scanner)
    feed.start = text.start
    feed.cursor = text.cursor
    switch step {
    case .moved: break
    case .entry(let record): give(record)
    case .end(let record, let end):
      if record.content != .unreadable { walk = nil }
      give(record)
      endDocument(at: end)
    case .hungry: return .hungry
    case .broken(let record):
      give(record)
      state = .ended
    case nil: state = .ended
    }
    return .moved
  }

  private func endDocument(at end: Int) {
    documentLines = documentLines.lowerBound...feed.position(at: end).line
    feed.start = end
    state = .behind
  }

  /// Behind the document: lines of NDJSON, if the document was one; else what ought not to be there.
  private func trailing() -> Step {
    let line = feed.position(at: feed.start).line
    if documentLines.count == 1 && line > documentLines.upperBound
      && feed.chunk.bytes[feed.start] == JSONByte.openObject
    {
      format = .ndjson
      state = .lines
      return .moved
    }
    return malformed(
      feed.start, JSONSyntaxFault.behindValue(at: UnsafePointer(feed.chunk.bytes + feed.start)))
  }

  /// Gives what is left as one unreadable record: nothing behind a syntax error can be trusted.
  private func malformed(_ offset: Int, _ message: String) -> Step {
    var record = unreadable(.jsonSyntax, message)
    record.issues[0].position = feed.chunk.position(at: offset)
    give(record)
    state = .ended
    return .moved
  }

  private func giveRest(_ outcome: JSONScanner.Outcome, _ incomplete: String) {
    give(
      scanner.unreadable(
        outcome, expression: "", chunk: feed.chunk, range: feed.start..<feed.chunk.count,
        incomplete: incomplete))
    state = .ended
  }

  // MARK: Lines

  /// The next whole lines; nil when there are none, or when a record was given instead.
  private func nextLines() throws(ReadFailure) -> JSONLines? {
    while true {
      let chunk = feed.chunk
      let rest = feed.start..<chunk.count
      if feed.isLast {
        state = .ended
        return rest.isEmpty ? nil : JSONLines(chunk: chunk, range: rest, names: names, options: options)
      }
      if let newline = chunk.buffer[rest].lastIndex(of: JSONByte.newline) {
        feed.start = newline + 1
        return JSONLines(
          chunk: chunk, range: rest.lowerBound..<newline + 1, names: names, options: options)
      }
      if try feed.advance() { continue }
      giveBeginning("the line is larger than \(options.bytesAllowed): it is passed over")
      if try !feed.skipLine() { state = .ended }
      return nil
    }
  }
}
