import BSON
import DocumentStore

/// Keeps the copies of charts within their patients' documents, where the configuration wants both.
struct ChartMirror {
  /// Where charts stand, and where their copies do.
  let charts: DocumentPlace
  let copies: DocumentPlace

  private static let bytesPerWrite = 8 << 20

  /// Brings the copies of some charts up to date; returns which of them the database refused, and why. The charts themselves are
  /// loaded, and are what counts.
  @discardableResult
  func update(
    _ ids: [String], _ connection: borrowing StoreConnection
  ) throws -> [(id: String, reason: String)] {
    let known = try StoredState.states(of: ids, in: copies, connection)
    var operations: [(id: String, operation: WriteOperation)] = []
    var bytes = 0
    var refused: [(id: String, reason: String)] = []
    func write() throws {
      guard !operations.isEmpty else { return }
      let result = try connection.write(operations.map(\.operation), in: copies.collection)
      refused += result.failures.map { (operations[$0.index].id, $0.message) }
      operations = []
      bytes = 0
    }
    try connection.find(ids: ids, in: charts.collection) { document in
      guard let id = try document.find("_id")?.text, let field = copies.field else { return }
      let state = try StoredState(document)
      if let known = known[id], known.hash == state.hash { return }
      let copy = BSONDocument(copying: document)
      let operation = WriteOperation.update(
        filter: try BSONDocument(["_id": .string(id)]), try DocumentPlace.setting(field, copy), upsert: true,
        many: false)
      operations.append((id, operation))
      bytes += copy.count
      if bytes >= ChartMirror.bytesPerWrite { try write() }
    }
    try write()
    return refused
  }
}
