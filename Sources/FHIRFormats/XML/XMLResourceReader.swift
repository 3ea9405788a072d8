import FHIRModel

/// Reads the resources of an XML document.
final class XMLResourceReader {
  init(source: any ByteSource, name: String, table: DefinitionTable, options: ReadOptions) throws(ReadFailure) {}

  func nextBatch() throws(ReadFailure) -> RecordBatch? { nil }
}
