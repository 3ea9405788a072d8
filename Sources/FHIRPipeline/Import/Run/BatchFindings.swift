import FHIRMapping
import Synchronization

/// What became of a batch's documents, told when the batch is through: one that broke off is tried again, and is counted once.
final class BatchFindings: Sendable {
  private struct State {
    var tallies: [Tally] = []
    var refusals: [(Assembly, String)] = []
    /// What this try has written: in the next it is as it was to be.
    var written: [(id: String, tally: Tally)] = []
    /// What was under way when an earlier try broke off: written or not, nobody said.
    var unconfirmed: [String: Tally] = [:]
  }

  private let state = Mutex(State())

  /// Begins a try.
  func begin() {
    state.withLock { state in
      for (id, tally) in state.written { state.unconfirmed[id] = tally }
      state.written = []
      state.tallies = []
      state.refusals = []
    }
  }

  func count(_ tally: Tally) { state.withLock { $0.tallies.append(tally) } }

  /// Takes note of a document that was written.
  func note(_ document: Assembly) { state.withLock { $0.written.append((document.id, document.tally)) } }

  func refuse(_ document: Assembly, _ reason: String) {
    state.withLock { $0.refusals.append((document, reason)) }
  }

  /// Remembers what was to become of documents whose writing was not confirmed.
  func remember(_ documents: some Sequence<Assembly>) {
    state.withLock { state in
      for document in documents { state.unconfirmed[document.id] = document.tally }
    }
  }

  /// What became of a document that now is as it was to be: this run may have written it in an earlier try.
  func tally(ofUnchanged id: String) -> Tally? { state.withLock { $0.unconfirmed[id] } }

  /// Hands everything on.
  func tell(_ counted: DocumentLoader.Counted, _ refused: DocumentLoader.Refused) {
    let found = state.withLock { $0 }
    for tally in found.tallies { counted(tally) }
    for (document, reason) in found.refusals { refused(document, reason) }
  }
}
