import BSON

/// Resources as text, in the order of the export.
struct ExportBatch: Sendable {
  /// One resource: its type, its id, and where its text stands in `bytes`, which a line feed follows.
  struct Item: Sendable {
    let type: String
    let id: String
    let range: Range<Int>
    /// What one is called whose text says nothing of it.
    var fullURL: String?
  }

  var items: [Item] = []
  var bytes = SharedBytes([])
  var notes: [ExportSummary.Note] = []
  var unresolvedReferences = 0

  func text(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes.pointer[range])
  }
}

/// Takes an export's resources in their order and puts them where they belong.
protocol ExportSink {
  mutating func write(_ batch: ExportBatch) throws
  /// Ends all files; only then is the export complete.
  mutating func finish(_ summary: ExportSummary) throws
  var byteCount: Int { get }
}
