import FHIRModel

/// Goes through the text of one Bundle, entry by entry, so that no more than an entry is ever a tree.
///
/// Its entries become records as soon as they are whole; its other members are gathered (``BundleShell``) and become the last
/// record. It stops where the text at hand ends, and goes on when there is more.
struct BundleWalk {
  /// The text at hand.
  struct Text {
    let chunk: SourceChunk
    var cursor: PositionCursor
    /// Where the next step begins.
    var start: Int
    let end: Int
    /// Nothing follows, of the source or of the line.
    let isLast: Bool
    /// A line feed ends it.
    var isLine = false

    /// What the text ends with, for messages.
    var name: String { isLine ? "line" : "input" }
    var isUsedUp: Bool { start >= end }

    mutating func position(at index: Int) -> SourcePosition { cursor.position(at: index, in: chunk) }
  }

  enum Step {
    case moved
    case entry(Record)
    /// The Bundle is at its end: its other members, and the index behind it.
    case end(Record, at: Int)
    /// More bytes are needed from the text's start on.
    case hungry
    /// The Bundle cannot be read on: what is left of the text.
    case broken(Record)
  }

  private enum Place {
    /// In the Bundle's object; `true` behind a member.
    case members(Bool)
    /// In the array of entries; `true` behind an entry.
    case entries(Bool)
  }

  private let names: NameIndex
  private let options: ReadOptions
  private var place = Place.members(false)
  private var shell: BundleShell
  private var entryCount = 0

  /// - Parameter position: of the Bundle's opening brace, behind which the first step begins.
  init(at position: SourcePosition, names: NameIndex, options: ReadOptions) {
    self.names = names
    self.options = options
    shell = BundleShell(at: position)
  }

  /// What is known of the Bundle while its end has not come.
  var unfinished: UnfinishedBundle { UnfinishedBundle(type: shell.type) }

  /// Where in the Bundle the next step begins.
  var expression: String {
    switch place {
    case .entries: EntryExpression.of(entryCount)
    case .members: "Bundle"
    }
  }

  /// Takes the next entry for passed over; returns where it begins, or nil where no entry is next.
  mutating func passOverEntry(_ text: Text) -> Int? {
    guard case .entries(let isBehindEntry) = place else { return nil }
    place = .entries(true)
    entryCount += 1
    return isBehindEntry ? JSONSkip.blanks(text.chunk.bytes, from: text.start + 1) : text.start
  }

  /// Goes on by a member, an entry, or a bracket.
  mutating func step(_ text: inout Text, _ scanner: inout JSONScanner) -> Step {
    text.start = JSONSkip.blanks(text.chunk.bytes, from: text.start)
    if text.isUsedUp {
      text.start = text.end
      return text.isLast ? endEarly(text) : .hungry
    }
    let step =
      switch place {
      case .members(let isBehindMember): member(&text, isBehindMember, &scanner)
      case .entries(let isBehindEntry): entry(&text, isBehindEntry, &scanner)
      }
    if case .hungry = step, text.isLast { return endEarly(text) }
    return step
  }

  private func endEarly(_ text: Text) -> Step {
    .broken(malformed(text, text.end, "the \(text.name) ends within the Bundle"))
  }

  /// What stands for the rest of a text in which something is wrong: nothing behind a syntax error can be trusted.
  func malformed(_ text: Text, _ offset: Int, _ message: String) -> Record {
    var record = Record.unreadable(
      .jsonSyntax, message, RawSlice(chunk: text.chunk, range: text.start..<text.end), expression: expression)
    record.issues[0].position = text.chunk.position(at: offset)
    return record
  }

  private mutating func member(
    _ text: inout Text, _ isBehindMember: Bool, _ scanner: inout JSONScanner
  ) -> Step {
    let bytes = UnsafePointer(text.chunk.bytes)
    let end = text.end
    var i = text.start
    if bytes[i] == JSONByte.closeObject {
      let record = shell.record(entryCount: entryCount, scanner: &scanner)
      return .end(record, at: i + 1)
    }
    if isBehindMember {
      guard bytes[i] == JSONByte.comma else {
        return .broken(malformed(text, i, "a comma or the end of the Bundle is expected here"))
      }
      i = JSONSkip.blanks(bytes, from: i + 1)
    }
    let keyStart = i
    guard i < end else { return .hungry }
    guard bytes[i] == JSONByte.quote else {
      return .broken(malformed(text, i, JSONSyntaxFault.name(at: bytes + i)))
    }
    i = JSONSkip.string(bytes, from: i + 1, to: end, linewise: text.isLine)
    if i < 0 { return .hungry }
    let isEntry = i - keyStart == 7 && memoryEqual(bytes + keyStart, entryKey, 7)
    i = JSONSkip.blanks(bytes, from: i)
    guard i < end else { return .hungry }
    guard bytes[i] == JSONByte.colon else { return .broken(malformed(text, i, "a colon is expected here")) }
    i = JSONSkip.blanks(bytes, from: i + 1)
    guard i < end else { return .hungry }
    if isEntry && bytes[i] == JSONByte.openArray {
      let first = JSONSkip.blanks(bytes, from: i + 1)
      guard first < end else { return .hungry }
      if bytes[first] != JSONByte.closeArray {
        if shell.hasEntries { shell.entriesRepeat(at: text.position(at: keyStart)) }
        shell.hasEntries = true
        text.start = first
        place = .entries(false)
        return .moved
      }
    }
    i = JSONSkip.value(bytes, from: i, to: end, linewise: text.isLine)
    if i < 0 { return .hungry }
    guard shell.size + i - keyStart <= options.maximumResourceBytes / 2 else {
      text.start = keyStart
      return .broken(tooLarge(text))
    }
    shell.append(keyStart..<i, of: text.chunk, at: text.position(at: keyStart))
    text.start = i
    place = .members(true)
    return .moved
  }

  /// A Bundle's members are held until its end, in the chunk and beside it.
  func tooLarge(_ text: Text) -> Record {
    .beginning(
      of: text.chunk, from: text.start, expression: expression,
      "the Bundle's members but for its entries are larger than half of \(options.bytesAllowed): "
        + "what stands behind them is not read")
  }

  private mutating func entry(
    _ text: inout Text, _ isBehindEntry: Bool, _ scanner: inout JSONScanner
  ) -> Step {
    let bytes = UnsafePointer(text.chunk.bytes)
    let end = text.end
    var i = text.start
    if bytes[i] == JSONByte.closeArray && isBehindEntry {
      text.start = i + 1
      place = .members(true)
      return .moved
    }
    if isBehindEntry {
      guard bytes[i] == JSONByte.comma else {
        return .broken(malformed(text, i, "a comma or the end of the array of entries is expected here"))
      }
      i = JSONSkip.blanks(bytes, from: i + 1)
      guard i < end else { return .hungry }
    }
    if options.skipsEntries, let skips = options.skips,
      let behind = JSONSkip.entry(bytes, from: i, to: end, linewise: text.isLine, skips: skips)
    {
      goOn(&text, behind)
      return .moved
    }
    let outcome = scanner.scan(
      bytes, from: i, to: end, linewise: text.isLine, rootName: names.entry ?? .root, isResource: false)
    switch outcome {
    case .value(let behind):
      if behind == end && !text.isLast && bytes[behind - 1] != JSONByte.closeObject { return .hungry }
      let record = scanner.record(
        .entry(index: entryCount), expression: expression, chunk: text.chunk, range: i..<behind)
      goOn(&text, behind)
      return .entry(record)
    case .incomplete where !text.isLast:
      return .hungry
    case .incomplete, .malformed:
      text.start = i
      return .broken(
        scanner.unreadable(
          outcome, expression: expression, chunk: text.chunk, range: i..<end,
          incomplete: "the \(text.name) ends within the entry"))
    }
  }

  /// Goes on behind an entry.
  private mutating func goOn(_ text: inout Text, _ behind: Int) {
    entryCount += 1
    text.start = behind
    place = .entries(true)
  }
}

/// `"entry"`, with its quotes.
private let entryKey = Array("\"entry\"".utf8)
