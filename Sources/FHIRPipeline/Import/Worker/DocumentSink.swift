import FHIRMapping

/// Takes documents that are put together.
protocol DocumentSink: Sendable {
  /// False once nothing more is taken.
  func put(_ requests: [LoadRequest]) -> Bool
  /// Takes documents that are written together or not at all; see ``BundleTransaction/ended``.
  func put(_ transaction: BundleTransaction) -> Bool
  /// Whether what a transaction deletes is deleted with it; else when all is loaded.
  var deletesInTransactions: Bool { get }
  var hasFailed: Bool { get }
  /// Takes note of a document that is as it would be written, and therefore not put.
  func foundUnchanged(_ kind: DocumentKind, _ id: String)
}

extension DocumentSink {
  func put(_ transaction: BundleTransaction) -> Bool {
    var isTaken = true
    do {
      try transaction.forEachBatch { isTaken = put($0) && isTaken }
    } catch {
      transaction.ended(BundleTransaction.refusal(ofDocument: "\(error)"))
      return true
    }
    transaction.ended(isTaken ? .committed(deleted: 0) : .dropped)
    return isTaken
  }

  var deletesInTransactions: Bool { false }

  func foundUnchanged(_ kind: DocumentKind, _ id: String) {}
}
