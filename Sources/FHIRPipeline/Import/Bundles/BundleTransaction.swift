import DocumentStore
import FHIRMapping
import Synchronization

/// The documents of one transaction Bundle: all of them are written, or none.
///
/// See http://hl7.org/fhir/R4/http.html#transaction
struct BundleTransaction: Sendable {
  enum End: Sendable {
    /// All is written; so many resources were deleted.
    case committed(deleted: Int)
    /// None is written: MongoDB refuses one of the documents, or the transaction. Says so as a clause; and the keys of the resources
    /// that were to be deleted, if it is for their sake.
    case refused(String, deleting: Set<String> = [])
    /// The run ended before.
    case dropped
  }

  /// Hands its documents over, some at a time, as often as the transaction is tried.
  let forEachBatch: @Sendable (([LoadRequest]) throws -> Void) throws -> Void
  /// Resources that are deleted with it, before its own are written.
  var deletions: [TargetIndex.Target] = []
  /// Where the resources to be deleted are looked for first.
  var documentIDs: [DocumentKind: [String]] = [:]
  let byteCount: Int
  /// The `_id` of one of its documents.
  let firstID: String
  /// Whether it is larger than what waits for the database, so that it is loaded by whoever made it.
  var isLarge = false
  /// Told once, when it is known how it ended.
  let ended: @Sendable (End) -> Void

  /// A transaction whose documents are in memory.
  init(
    _ requests: [LoadRequest], deletions: [TargetIndex.Target] = [], ended: @escaping @Sendable (End) -> Void
  ) {
    forEachBatch = { try $0(requests) }
    self.deletions = deletions
    for request in requests { documentIDs[request.document.kind, default: []].append(request.id) }
    byteCount = requests.reduce(0) { $0 + $1.document.byteCount }
    firstID = requests.first?.id ?? ""
    self.ended = ended
  }

  /// Several as one, which delete nothing.
  init(_ several: [BundleTransaction], ended: @escaping @Sendable (End) -> Void) {
    // One batch of all: each is a command to the server.
    forEachBatch = { body in
      var requests: [LoadRequest] = []
      for transaction in several { try transaction.forEachBatch { requests += $0 } }
      try body(requests)
    }
    for transaction in several { documentIDs.merge(transaction.documentIDs) { $0 + $1 } }
    byteCount = several.reduce(0) { $0 + $1.byteCount }
    firstID = several.first?.firstID ?? ""
    self.ended = ended
  }

  /// A large one, whose documents are put together when they are asked for.
  init(
    large byteCount: Int, documentIDs: [DocumentKind: [String]], deletions: [TargetIndex.Target],
    forEachBatch: @escaping @Sendable (([LoadRequest]) throws -> Void) throws -> Void,
    ended: @escaping @Sendable (End) -> Void
  ) {
    self.forEachBatch = forEachBatch
    self.deletions = deletions
    self.documentIDs = documentIDs
    self.byteCount = byteCount
    firstID = ""
    isLarge = true
    self.ended = ended
  }

  var isEmpty: Bool { byteCount == 0 && deletions.isEmpty }
}

extension BundleTransaction {
  /// Why its documents cannot be written.
  enum Failure: Error {
    case document(String)
    /// Why some of its deletions cannot be done: those of resources of these keys.
    case deletion(Set<String>, String)
  }

  /// The end of a transaction of which MongoDB refuses a document.
  static func refusal(ofDocument reason: String) -> End {
    .refused("MongoDB refused a document of its transaction Bundle: \(reason)")
  }

  static func refusal(ofDeleting keys: Set<String>, _ reason: String) -> End {
    .refused("a resource that its transaction Bundle deletes cannot be deleted: \(reason)", deleting: keys)
  }

  /// The end of a transaction that the server does not take as one.
  func refusal(_ setback: StoreError.TransactionSetback) -> End {
    let size = Amount.bytes(byteCount)
    let instead = "split the Bundle, or load it entry by entry with --no-transactions"
    let reason =
      switch setback {
      case .cache:
        "its transaction Bundle (\(size) of documents) is more than the cache of the MongoDB server has room for in one "
          + "transaction: give the server more (--wiredTigerCacheSizeGB), \(instead)"
      case .size:
        "its transaction Bundle (\(size) of documents) is more than the MongoDB server takes in one transaction: \(instead)"
      case .lifetime:
        "its transaction Bundle (\(size) of documents) takes longer than the MongoDB server lets a transaction take, which "
          + "is a minute unless the server's transactionLifetimeLimitSeconds says otherwise: raise that, \(instead)"
      case .conflict:
        "other programs keep changing the documents of its transaction Bundle, or hold them: import it again when they "
          + "are done, or load it entry by entry with --no-transactions"
      }
    return .refused(reason)
  }
}

/// What is found while a transaction's documents are written; forgotten when it is tried again.
final class TransactionFindings: Sendable {
  private struct State {
    var tallies: [Tally] = []
    var refusal: String?
    var deleted = 0
    var uncopied: [UncopiedChart] = []
  }

  private let state = Mutex(State())

  func reset() { state.withLock { $0 = State() } }
  func count(_ tally: Tally) { state.withLock { $0.tallies.append(tally) } }
  func refuse(_ reason: String) { state.withLock { $0.refusal = $0.refusal ?? reason } }
  func delete(_ count: Int) { state.withLock { $0.deleted += count } }
  func note(_ charts: [UncopiedChart]) { state.withLock { $0.uncopied += charts } }
  var uncopied: [UncopiedChart] { state.withLock { $0.uncopied } }
  var deleted: Int { state.withLock { $0.deleted } }
  var hasChanges: Bool { state.withLock { $0.tallies.contains { $0 != $0.allUnchanged } } }
  var tallies: [Tally] { state.withLock { $0.tallies } }
  var refusal: String? { state.withLock { $0.refusal } }
}
