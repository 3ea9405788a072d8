import FHIRMapping
import Synchronization

/// The documents of one transaction Bundle: all of them are written, or none.
///
/// See http://hl7.org/fhir/R4/http.html#transaction
struct BundleTransaction: Sendable {
  enum End: Sendable {
    case committed
    /// MongoDB refuses one of the documents, and so all of them.
    case refused(String)
    /// The run ended before.
    case dropped
  }

  let requests: [LoadRequest]
  /// Told once, when it is known how it ended.
  let ended: @Sendable (End) -> Void
}

/// What is found while a transaction's documents are written; forgotten when it is tried again.
final class TransactionFindings: Sendable {
  private struct State {
    var tallies: [Tally] = []
    var refusal: String?
  }

  private let state = Mutex(State())

  func reset() { state.withLock { $0 = State() } }
  func count(_ tally: Tally) { state.withLock { $0.tallies.append(tally) } }
  func refuse(_ reason: String) { state.withLock { $0.refusal = $0.refusal ?? reason } }
  var hasChanges: Bool { state.withLock { $0.tallies.contains { $0 != $0.allUnchanged } } }
  var tallies: [Tally] { state.withLock { $0.tallies } }
  var refusal: String? { state.withLock { $0.refusal } }
}
