import FHIRMapping
import FHIRModel

/// A transaction Bundle while its entries are mapped and its documents wait for the database.
final class OpenTransaction {
  /// By the sequence of the entry: why it cannot be loaded.
  var failures: [UInt64: [Issue]] = [:]
  /// Parts of documents that other inputs of the run add to.
  var scattered = PartBuffer(capacity: 1 << 10)
  var deletions: [Deletions.Order] = []
  var requests: [LoadRequest] = []
  /// See ``HeldBundle/mark``.
  var mark: UInt64?
}
