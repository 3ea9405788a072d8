import FHIRModel

/// Reads the resources of a JSON document or of NDJSON.
final class JSONResourceReader {
  init(source: any ByteSource, name: String, table: DefinitionTable, options: ReadOptions) {}

  func nextBatch() throws(ReadFailure) -> RecordBatch? { nil }
}
