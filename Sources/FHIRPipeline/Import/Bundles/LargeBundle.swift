import FHIRFormats
import FHIRModel
import Synchronization

/// The entries of a Bundle too large to be held, as the first pass over the inputs finds them: who they are, so that they are
/// loaded as they come when the Bundle is read for the second time, by all workers, and it need not be read for a third.
final class LargeBundle: Sendable {
  /// What is known of a Bundle when it was read once.
  struct Contents: Sendable {
    fileprivate(set) var index = TargetIndex(isLarge: true)
    /// Ids of the patients in it.
    fileprivate(set) var patients = TargetKeys()
    /// `Bundle.type`; of one that breaks off what it has to be taken for.
    var type: String? { knownType ?? (isUnfinished && hasRequests ? "transaction" : nil) }
    fileprivate var knownType: String?
    /// Whether entries are missing, for the source broke off.
    fileprivate(set) var isUnfinished = false
    fileprivate var hasRequests = false
  }

  private struct State {
    var contents = Contents()
    /// Whether its entries can be loaded as they come.
    var isPlain = true
    /// Whether it is there: a large file may have lines as well, each of which stands for itself.
    var isThere = false
  }

  private let state = Mutex(State())

  /// nil where its entries are to be looked at first: some look for resources that are there. So for a file of lines.
  var contents: Contents? { state.withLock { $0.isThere && $0.isPlain ? $0.contents : nil } }

  /// Takes note of the Bundle's entries in a batch.
  ///
  /// - Parameter strangers: of these nothing is loaded.
  func add(
    _ batch: RecordBatch, without strangers: StrangeServers, _ body: (Record, RecordResource?) -> Void
  ) {
    state.withLock { state in
      state.isThere = true
      batch.forEach { record in
        let resource = RecordResource(record)
        switch record.content {
        case .entry:
          if strangers.cause(of: record) == nil { add(record, resource, to: &state) }
        case .bundle:
          state.contents.knownType = record.tree.child(KnownNames.r4.type, of: 0).map {
            record.tree.string(at: $0)
          }
        case .resource, .unreadable: break
        }
        body(record, resource)
      }
    }
  }

  /// See ``HeldBundle/breakOff(_:)``; others may still be adding entries.
  func breakOff(_ unfinished: UnfinishedBundle) {
    state.withLock { state in
      state.contents.knownType = unfinished.type
      state.contents.isUnfinished = true
    }
  }

  private func add(_ record: Record, _ resource: RecordResource?, to state: inout State) {
    guard state.isPlain else { return }
    let request = EntryRequest(record)
    if request != nil { state.contents.hasRequests = true }
    guard let resource else { return }
    guard request?.ifNoneExist == nil, resource.searched(by: request) == nil else {
      state.contents = Contents()
      state.isPlain = false
      return
    }
    state.contents.index.add(resource)
    if resource.type == "Patient" { state.contents.patients.append(resource.identity.id) }
  }
}
