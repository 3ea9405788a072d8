import FHIRMapping
import FHIRModel

/// A transaction Bundle while its entries are mapped and its documents wait for the database.
final class OpenTransaction {
  init() {}

  /// By the sequence of the entry: why it cannot be loaded.
  var failures: [UInt64: [Issue]] = [:]
  /// Parts of documents whose resources other inputs of the run have, too.
  var scattered = PartBuffer(capacity: 1 << 10)
  var deletions: [Deletions.Order] = []
  /// What its entries change.
  var changed = ChangedResources()
  var requests: [LoadRequest] = []
  /// Bytes of its documents, once they are put together.
  var byteCount = 0
  /// See ``HeldBundle/mark``.
  var mark: UInt64?
  /// Where it was read: the input, and its line there where each has a Bundle of its own.
  var place: (file: Int, line: Int?) = (0, nil)
  /// Whether the run has no other input that could share a document with it.
  var isAlone = false
  /// Takes the parts of one that is too large to be held; nil for others.
  var spill: SpillStore?
  /// Bytes of parts in the spill.
  var spilledBytes = 0
  /// Of the documents that the parts in the spill belong to.
  var kinds: Set<DocumentKind> = []
  /// Resources that are deleted with it.
  var deleted: [TargetIndex.Target] = []
  /// Appointments that were made of its Encounters.
  var derived = 0
  /// How many of its entries are set aside for no fault of their own.
  var followers = 0
  /// Whether an entry could not be read.
  var hasUnreadable = false
  /// Whether entries are missing, for the source broke off.
  var isUnfinished = false
  /// What its resources refer to, and wait for: theirs only when they are loaded.
  var references = ImportSummary.References()
  var waits = HeldNotes()
  /// What was counted of a part of it.
  var summary = ImportSummary()

  /// Takes what a worker makes of some of the entries of a large one.
  init(partOf whole: OpenTransaction) {
    mark = whole.mark
    place = whole.place
    isAlone = whole.isAlone
    spill = whole.spill
  }

  func add(_ part: OpenTransaction) {
    failures.merge(part.failures) { first, _ in first }
    part.scattered.forEach { scattered.append(record: $0.record) }
    deletions += part.deletions
    changed.add(part.changed)
    spilledBytes += part.spilledBytes
    kinds.formUnion(part.kinds)
    derived += part.derived
    references.add(part.references)
    waits.add(part.waits)
    if part.hasUnreadable { hasUnreadable = true }
    summary.add(part.summary)
  }
}
