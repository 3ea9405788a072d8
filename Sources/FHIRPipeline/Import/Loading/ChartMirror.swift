import BSON
import DocumentStore

/// Keeps the copies of charts within their patients' documents, where the configuration wants both.
struct ChartMirror {
  /// Where charts stand, and where their copies do.
  let charts: DocumentPlace
  let copies: DocumentPlace

  private static let bytesPerWrite = 8 << 20

  /// Brings the copies of some charts up to date.
  func update(_ ids: [String], _ connection: borrowing StoreConnection) throws {
    let known = try StoredState.states(of: ids, in: copies, connection)
    var operations: [WriteOperation] = []
    var bytes = 0
    var failure: WriteFailure?
    func write() throws {
      guard !operations.isEmpty else { return }
      failure = try connection.write(operations, in: copies.collection).failures.first ?? failure
      operations = []
      bytes = 0
    }
    try connection.find(ids: ids, in: charts.collection) { document in
      guard let id = try document.find("_id")?.text, let field = copies.field else { return }
      let state = try StoredState(document)
      if let known = known[id], known.hash == state.hash { return }
      let copy = BSONDocument(copying: document)
      operations.append(
        .update(
          filter: try BSONDocument(["_id": .string(id)]), try DocumentPlace.setting(field, copy),
          upsert: true,
          many: false))
      bytes += copy.count
      if bytes >= ChartMirror.bytesPerWrite { try write() }
    }
    try write()
    if let failure {
      throw PipelineFailure(.stopped, "a chart could not be copied into its patient: \(failure.message)")
    }
  }
}
