import FHIRModel

/// Reads the resources of a JSON document or of NDJSON.
///
/// A Bundle is read entry by entry: its entries become records as soon as they are whole; its other members are
/// gathered (``BundleShell``) and become the last record. What follows on later lines of a document that takes one line
/// is read as NDJSON.
final class JSONResourceReader {
  /// Bytes of a Bundle whose entries make a batch: enough to be worth handing on, few enough to share among workers.
  private static let batchBytes = 256 << 10

  private(set) var format: Format
  private let feed: ChunkFeed
  private let names: NameIndex
  private let options: ReadOptions
  private var scanner: JSONScanner
  private var state = State.start
  private var shell = BundleShell(at: SourcePosition(line: 1, column: 1))
  /// Whether `shell` is of a Bundle of which no record was given.
  private var isWithinBundle = false
  private var entryCount = 0
  /// Lines on which the document begins and ends.
  private var documentLines = 1...1
  private var records: [Record] = []

  private enum State {
    /// Before the document.
    case start
    /// In a Bundle's object; `true` behind a member.
    case members(Bool)
    /// In a Bundle's array of entries; `true` behind an entry.
    case entries(Bool)
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
  var unfinishedBundle: UnfinishedBundle? { isWithinBundle ? UnfinishedBundle(type: shell.type) : nil }

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
      let line = feed.chunk.position(behind: feed.start).line
      documentLines = line...line
      state = try feed.skipValue() ? .behind : .ended
      if case .behind = state { endDocument(at: feed.start) }
    case .entries(let isBehindEntry):
      if isBehindEntry { feed.start = JSONSkip.blanks(feed.chunk.bytes, from: feed.start + 1) }
      giveBeginning("it is larger than \(options.bytesAllowed): it is passed over")
      state = try feed.skipValue() ? .entries(true) : .ended
      entryCount += 1
    case .members: giveUpShell()
    case .behind, .lines, .ended: state = .ended
    }
  }

  /// Gives the beginning of what is too large to be read: its chunk need not stay for that.
  private func giveBeginning(_ message: String) {
    let beginning = RawSlice(
      beginning: UnsafeBufferPointer(rebasing: feed.chunk.buffer[feed.start...]),
      at: feed.chunk.position(behind: feed.start))
    give(.unreadable(.limitSize, message, beginning, expression: expression))
  }

  /// A Bundle's members are held until its end, in the chunk and beside it.
  private func giveUpShell() {
    giveBeginning(
      "the Bundle's members but for its entries are larger than half of \(options.bytesAllowed): "
        + "what stands behind them is not read")
    state = .ended
  }

  private func unreadable(_ rule: Rule, _ message: String) -> Record {
    .unreadable(
      rule, message, RawSlice(chunk: feed.chunk, range: feed.start..<feed.chunk.count),
      expression: expression)
  }

  /// Where in the document the reader is.
  private var expression: String {
    switch state {
    case .entries: EntryExpression.of(entryCount)
    case .members: "Bundle"
    default: ""
    }
  }

  // MARK: Steps

  private func step() -> Step {
    feed.start = JSONSkip.blanks(feed.chunk.bytes, from: feed.start)
    if feed.start >= feed.chunk.count {
      feed.start = feed.chunk.count
      return .hungry
    }
    switch state {
    case .start: return begin()
    case .members(let isBehindMember): return member(isBehindMember)
    case .entries(let isBehindEntry): return entry(isBehindEntry)
    case .behind:
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
    case .members, .entries:
      _ = malformed(feed.chunk.count, "the input ends within the Bundle")
    case .behind, .lines, .ended:
      break
    }
    state = .ended
  }

  private func begin() -> Step {
    let chunk = feed.chunk
    let start = feed.start
    if options.splitBundles && chunk.bytes[start] == JSONByte.openObject {
      switch BundleSign.look(chunk.bytes, from: start, to: chunk.count) {
      case .unknown where !feed.isLast:
        return .hungry
      case .bundle:
        let position = chunk.position(behind: start)
        documentLines = position.line...position.line
        shell = BundleShell(at: position)
        isWithinBundle = true
        entryCount = 0
        feed.start = start + 1
        state = .members(false)
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
      let line = chunk.position(behind: start).line
      documentLines = line...line
      endDocument(at: end)
    case .incomplete where !feed.isLast:
      return .hungry
    case .incomplete, .malformed:
      giveRest(outcome, "the input ends within the resource")
    }
    return .moved
  }

  private func member(_ isBehindMember: Bool) -> Step {
    let chunk = feed.chunk
    let bytes = UnsafePointer(chunk.bytes)
    var i = feed.start
    if bytes[i] == JSONByte.closeObject {
      let record = shell.record(entryCount: entryCount, scanner: &scanner)
      isWithinBundle = record.content == .unreadable
      give(record)
      endDocument(at: i + 1)
      return .moved
    }
    if isBehindMember {
      guard bytes[i] == JSONByte.comma else {
        return malformed(i, "a comma or the end of the Bundle is expected here")
      }
      i = JSONSkip.blanks(bytes, from: i + 1)
    }
    let keyStart = i
    guard i < chunk.count else { return .hungry }
    guard bytes[i] == JSONByte.quote else {
      return malformed(i, JSONSyntaxFault.name(at: bytes[i]))
    }
    i = JSONSkip.string(bytes, from: i + 1, to: chunk.count)
    if i < 0 { return .hungry }
    let isEntry = i - keyStart == 7 && memoryEqual(bytes + keyStart, entryKey, 7)
    i = JSONSkip.blanks(bytes, from: i)
    guard i < chunk.count else { return .hungry }
    guard bytes[i] == JSONByte.colon else { return malformed(i, "a colon is expected here") }
    i = JSONSkip.blanks(bytes, from: i + 1)
    guard i < chunk.count else { return .hungry }
    if isEntry && bytes[i] == JSONByte.openArray {
      let first = JSONSkip.blanks(bytes, from: i + 1)
      guard first < chunk.count else { return .hungry }
      if bytes[first] != JSONByte.closeArray {
        if shell.hasEntries { shell.entriesRepeat(at: chunk.position(behind: keyStart)) }
        shell.hasEntries = true
        feed.start = first
        state = .entries(false)
        return .moved
      }
    }
    i = JSONSkip.value(bytes, from: i, to: chunk.count)
    if i < 0 { return .hungry }
    guard shell.size + i - keyStart <= options.maximumResourceBytes / 2 else {
      feed.start = keyStart
      giveUpShell()
      return .moved
    }
    shell.append(keyStart..<i, of: chunk)
    feed.start = i
    state = .members(true)
    return .moved
  }

  private func entry(_ isBehindEntry: Bool) -> Step {
    let chunk = feed.chunk
    var i = feed.start
    if chunk.bytes[i] == JSONByte.closeArray && isBehindEntry {
      feed.start = i + 1
      state = .members(true)
      return .moved
    }
    if isBehindEntry {
      guard chunk.bytes[i] == JSONByte.comma else {
        return malformed(i, "a comma or the end of the array of entries is expected here")
      }
      i = JSONSkip.blanks(chunk.bytes, from: i + 1)
    }
    if options.skipsEntries, let skips = options.skips,
      let end = JSONSkip.entry(chunk.bytes, from: i, to: chunk.count, skips: skips)
    {
      entryCount += 1
      feed.start = end
      state = .entries(true)
      return .moved
    }
    let outcome = scanner.scan(
      chunk.bytes, from: i, to: chunk.count, rootName: names.entry ?? .root, isResource: false)
    switch outcome {
    case .value(let end):
      if end == chunk.count && !feed.isLast && chunk.bytes[end - 1] != JSONByte.closeObject { return .hungry }
      give(scanner.record(.entry(index: entryCount), expression: expression, chunk: chunk, range: i..<end))
      entryCount += 1
      feed.start = end
      state = .entries(true)
    case .incomplete where !feed.isLast:
      return .hungry
    case .incomplete, .malformed:
      feed.start = i
      giveRest(outcome, "the input ends within the entry")
    }
    return .moved
  }

  private func endDocument(at end: Int) {
    documentLines = documentLines.lowerBound...feed.chunk.position(behind: end).line
    feed.start = end
    state = .behind
  }

  /// Behind the document: lines of NDJSON, if the document was one; else what ought not to be there.
  private func trailing() -> Step {
    let line = feed.chunk.position(behind: feed.start).line
    if documentLines.count == 1 && line > documentLines.upperBound
      && feed.chunk.bytes[feed.start] == JSONByte.openObject
    {
      format = .ndjson
      state = .lines
      return .moved
    }
    return malformed(feed.start, "text follows the end of the JSON document")
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
        outcome, expression: expression, chunk: feed.chunk, range: feed.start..<feed.chunk.count,
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

/// `"entry"`, with its quotes.
private let entryKey = Array("\"entry\"".utf8)
