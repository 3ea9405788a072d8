import FHIRMapping

/// Takes documents that are put together.
protocol DocumentSink: Sendable {
  /// False once nothing more is taken.
  func put(_ requests: [LoadRequest]) -> Bool
  /// Takes documents that are written together or not at all; see ``BundleTransaction/ended``.
  func put(_ transaction: BundleTransaction) -> Bool
  var hasFailed: Bool { get }
  /// Takes note of a document that is as it would be written, and therefore not put.
  func foundUnchanged(_ kind: DocumentKind)
}

extension DocumentSink {
  func put(_ transaction: BundleTransaction) -> Bool {
    let isTaken = put(transaction.requests)
    transaction.ended(isTaken ? .committed : .dropped)
    return isTaken
  }

  func foundUnchanged(_ kind: DocumentKind) {}
}
