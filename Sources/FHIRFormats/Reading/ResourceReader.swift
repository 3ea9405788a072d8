package import FHIRModel

/// Reads a source resource by resource, whatever its format, in bounded memory.
///
/// Bad data never stops it: it is reported in the records' issues. One thread at a time may call it.
package final class ResourceReader {
  /// How the source writes resources, told by its content.
  package private(set) var format: Format
  /// The source's name, for messages.
  package let name: String
  private let body: Body
  private var pending: [Record] = []

  private enum Body {
    case json(JSONResourceReader)
    case xml(XMLResourceReader)
  }

  /// - Parameter name: the file's name, or `-`: a hint where the content does not tell the format.
  package init(
    source: any ByteSource, name: String, table: DefinitionTable = .r4, options: ReadOptions = ReadOptions()
  ) throws(ReadFailure) {
    self.name = name
    format = .json
    body = .json(JSONResourceReader(source: source, name: name, table: table, options: options))
  }

  /// The next records; nil at the source's end.
  package func nextBatch() throws(ReadFailure) -> RecordBatch? {
    switch body {
    case .json(let reader): try reader.nextBatch()
    case .xml(let reader): try reader.nextBatch()
    }
  }

  /// The next record; nil at the source's end. Not to be mixed with ``nextBatch()``.
  package func next() throws(ReadFailure) -> Record? {
    while pending.isEmpty {
      guard let batch = try nextBatch() else { return nil }
      batch.forEach { pending.append($0) }
      pending.reverse()
    }
    return pending.removeLast()
  }
}
