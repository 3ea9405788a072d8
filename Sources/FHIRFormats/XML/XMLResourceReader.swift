internal import CLibXML2
package import FHIRModel

/// Reads the resources of an XML document with libxml2's push parser, in bounded memory.
///
/// The entries of a Bundle are delivered as soon as their end tags are read, a batch for what one read of the source
/// completed. DOCTYPE, entities but the five of XML, other encodings than UTF-8 and the network are all refused.
///
/// See http://hl7.org/fhir/R4/xml.html
package final class XMLResourceReader {
  private let source: any ByteSource
  private let options: ReadOptions
  private let builder: XMLTreeBuilder
  private let context: UnsafeMutablePointer<xmlParserCtxt>
  private var knowsEncoding = false
  private var hasProlog = false
  private var isEnded = false
  /// Offset in the source of what libxml2 gets next.
  private var fed = 0
  /// Offset in the source of what libxml2 reads next.
  private var parsed = 0
  private var tagLimit = XMLTagLimit()

  package init(
    source: any ByteSource, name: String, table: DefinitionTable = .r4, options: ReadOptions = ReadOptions()
  ) throws(ReadFailure) {
    self.source = source
    self.options = options
    builder = XMLTreeBuilder(table: table, options: options)
    XMLLibrary.initialize()
    var handler = XMLCallbacks.handler()
    // The reader owns the builder and outlives the parser, which it frees in `deinit`.
    guard
      let made = xmlCreatePushParserCtxt(&handler, Unmanaged.passUnretained(builder).toOpaque(), nil, 0, nil)
    else { throw ReadFailure(.io, "there is not enough memory for an XML parser", path: name) }
    context = made
    XMLLibrary.harden(context)
    builder.context = context
  }

  private static let longestProlog = 64 << 10

  deinit { xmlFreeParserCtxt(context) }

  /// See ``ResourceReader/unfinishedBundle``.
  package var unfinishedBundle: UnfinishedBundle? { builder.unfinishedBundle }

  /// The next records; nil at the source's end.
  package func nextBatch() throws(ReadFailure) -> RecordBatch? {
    let began = fed
    while !isEnded {
      try advance()
      if !builder.records.isEmpty {
        defer { builder.records = [] }
        return RecordBatch(builder.records, byteCount: fed - began)
      }
    }
    return nil
  }

  /// Reads once from the source and parses what came.
  private func advance() throws(ReadFailure) {
    var isWhole = false
    // A value that spans reads is scanned from its start each time more comes. So the more it is, the more is waited for.
    let waiting = builder.window.end - parsed
    let wanted = waiting > 64 << 10 ? max(min(waiting, options.longestXMLValue - waiting + 1), 1) : 1
    if waiting > ReadOptions.large || builder.isPartLarge(at: parsed) { options.beforeLarge?() }
    var got = 0
    while got < wanted && !isWhole {
      let count = try builder.window.append(options.chunkBytes) { room throws(ReadFailure) in
        try source.read(into: room)
      }.count
      got += count
      isWhole = count == 0
    }
    if !knowsEncoding {
      let head = builder.window.slice(builder.window.start, builder.window.end)
      guard let encoding = XMLEncoding(of: head, isWhole: isWhole) else { return }
      knowsEncoding = true
      builder.skippedBytes = encoding.markLength
      fed = encoding.markLength
      builder.window.startCounting(at: fed)
      if let trouble = encoding.trouble {
        builder.stop(.xmlEncoding, at: SourcePosition(line: 1, column: 1), trouble)
      }
    }
    if builder.failure == nil && !hasProlog {
      let head = builder.window.slice(fed, builder.window.end)
      hasProlog = isWhole || head.count >= XMLResourceReader.longestProlog || XMLEncoding.hasWholeProlog(head)
      if !hasProlog { return }
    }
    if builder.failure == nil { parse(isWhole: isWhole) }
    if builder.failure != nil || isWhole { finish(isWhole: isWhole) }
  }

  private func parse(isWhole: Bool) {
    let held = builder.window.slice(builder.window.start, builder.window.end)
    let excess = tagLimit.excess(in: held, from: builder.window.start, fed: fed)
    let end = excess ?? builder.window.end
    while fed < end {
      let size = min(end - fed, 1 << 30)
      let bytes = builder.window.slice(fed, fed + size)
      fed += size
      _ = bytes.withMemoryRebound(to: CChar.self) { xmlParseChunk(context, $0.baseAddress, Int32(size), 0) }
      if builder.failure != nil { return }
    }
    if let excess {
      builder.stop(
        .limitSize, at: builder.position(at: excess), "an element has more than 1,000 attributes")
      return
    }
    if isWhole {
      if fed == builder.skippedBytes { return }
      builder.isAtEnd = true
      _ = xmlParseChunk(context, nil, 0, 1)
      return
    }
    parsed = builder.offset
    builder.window.discard(before: builder.firstNeeded(parsed: parsed))
    let open = builder.narrative.depth > 0 ? builder.narrative.start : parsed
    if builder.window.end - open > options.longestXMLValue {
      builder.stop(
        .limitSize, at: builder.position(at: parsed),
        "a value is larger than half of \(options.bytesAllowed): what stands behind it is not read")
    }
  }

  /// Ends the source: what was not read to its end becomes an unreadable record.
  private func finish(isWhole: Bool) {
    isEnded = true
    if builder.failure == nil && !builder.hasRoot {
      builder.failure = Issue(
        .fatal, .empty, at: "", position: SourcePosition(line: 1, column: 1), "there is no XML element in it")
    }
    guard let failure = builder.failure else { return }
    builder.deliverFailure(failure, isWhole: isWhole || builder.isComplete && holdsRest())
  }

  /// Reads on behind a root that is complete, as far as that is kept; whether that is to the source's end.
  private func holdsRest() -> Bool {
    while builder.window.end - builder.rootEnd <= XMLTreeBuilder.keptMarkup {
      let read = try? builder.window.append(options.chunkBytes) { room throws(ReadFailure) in
        try source.read(into: room)
      }.count
      // Where reading breaks off, who asks for more is told.
      guard let read else { return false }
      if read == 0 { return true }
    }
    return false
  }
}
