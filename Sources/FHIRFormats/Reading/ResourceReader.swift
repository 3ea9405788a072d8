package import FHIRModel

/// Reads a source resource by resource, whatever its format, in bounded memory.
///
/// Bad data never stops it: it is reported in the records' issues. One thread at a time may call it.
package final class ResourceReader {
  /// The source's name, for messages.
  package let name: String
  private var body: Body
  /// Of a batch that ``next()`` has begun: its records, the next one last, or the lines that they stand in.
  private var pending: [Record] = []
  private var lines: JSONLineReader?

  private enum Body {
    case json(JSONResourceReader)
    case xml(XMLResourceReader)
    /// A source that is no text FHIR allows: the record that says so.
    case refused(Record?)
  }

  /// How the source writes resources, told by its content.
  package var format: Format {
    switch body {
    case .json(let reader): reader.format
    case .xml: .xml
    case .refused: .json
    }
  }

  /// The Bundle that was begun last, as long as no record said that it was read to its end.
  package var unfinishedBundle: UnfinishedBundle? {
    switch body {
    case .json(let reader): reader.unfinishedBundle
    case .xml(let reader): reader.unfinishedBundle
    case .refused: nil
    }
  }

  private static let headBytes = 64 << 10

  /// Looks at the source's first bytes: gzip, byte order mark and format are told by them.
  ///
  /// - Parameter name: the file's name, or `-`: a hint where the content does not tell the format.
  package init(
    source: any ByteSource, name: String, table: DefinitionTable = .r4, options: ReadOptions = ReadOptions()
  ) throws(ReadFailure) {
    self.name = name
    var source = source
    var head = try ResourceReader.head(of: source)
    // What is known to be lines is none that is zipped, whatever its first line begins with.
    if options.format == nil, head.bytes.withUnsafeBytes({ GzipSource.recognizes($0) }) {
      source = try GzipSource(PrefixedSource(head.bytes, then: source), path: name, limits: options.gzip)
      head = try ResourceReader.head(of: source)
    }
    if head.bytes.starts(with: [0xEF, 0xBB, 0xBF]) { head.bytes.removeFirst(3) }
    let chunk = SourceChunk(head.bytes)
    let detected =
      options.format.map { .format($0) }
      ?? FormatDetection.detect(chunk.buffer, isWhole: head.isWhole, name: name)
    let whole = PrefixedSource(head.bytes, then: source)
    var options = options
    // Of a small source no more memory is asked for than it needs; with a byte to spare its end is met at once.
    if head.isWhole { options.chunkBytes = min(options.chunkBytes, head.bytes.count + 1) }
    switch detected {
    case .format(.xml):
      body = .xml(try XMLResourceReader(source: whole, name: name, table: table, options: options))
    case .format(let format):
      body = .json(try JSONResourceReader(source: whole, format: format, table: table, options: options))
    case .encoding(let encoding):
      body = .refused(
        .unreadable(
          .encodingUTF8, "the text is encoded in \(encoding); FHIR must be in UTF-8",
          ResourceReader.raw(chunk, isWhole: head.isWhole)))
    case .other(let words):
      body = .refused(
        .unreadable(
          .notFHIR, "a FHIR resource was expected; this is \(words)",
          ResourceReader.raw(chunk, isWhole: head.isWhole)))
    }
  }

  private static func raw(_ chunk: SourceChunk, isWhole: Bool) -> RawSlice {
    isWhole
      ? RawSlice(chunk: chunk, range: 0..<chunk.count)
      : RawSlice(beginning: chunk.buffer, at: SourcePosition(line: 1, column: 1))
  }

  /// The first bytes of a source, and whether nothing follows them.
  private static func head(of source: any ByteSource) throws(ReadFailure) -> (bytes: [UInt8], isWhole: Bool) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: headBytes, alignment: 16)
    defer { buffer.deallocate() }
    var count = 0
    while count < headBytes {
      do throws(ReadFailure) {
        let read = try source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[count...]))
        if read == 0 { return (Array(buffer[..<count]), true) }
        count += read
      } catch {
        // What came before the source broke off is read; then the source is asked again, and says so again.
        if count == 0 { throw error }
        return (Array(buffer[..<count]), false)
      }
    }
    return (Array(buffer), false)
  }

  /// The next records; nil at the source's end.
  package func nextBatch() throws(ReadFailure) -> RecordBatch? {
    switch body {
    case .json(let reader):
      return try reader.nextBatch()
    case .xml(let reader):
      return try reader.nextBatch()
    case .refused(let record):
      body = .refused(nil)
      return record.map { RecordBatch([$0], byteCount: $0.raw?.range.count ?? 0) }
    }
  }

  /// The next record; nil at the source's end. Not to be mixed with ``nextBatch()``.
  package func next() throws(ReadFailure) -> Record? {
    while true {
      if let record = lines?.next() { return record }
      if let record = pending.popLast() { return record }
      guard let batch = try nextBatch() else { return nil }
      // Of lines that are long all records at once would be many.
      lines = batch.lineReader()
      guard !batch.isLines else { continue }
      func keep(_ record: Record) { pending.append(record) }
      batch.forEach(keep)
      pending.reverse()
    }
  }
}
