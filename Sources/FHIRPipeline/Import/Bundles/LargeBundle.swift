import FHIRFormats
import FHIRModel
import Synchronization

/// The entries of a Bundle too large to be held, as the first pass over the inputs finds them: who they are, so that their
/// references are resolved while the Bundle is read for the second time, and it need not be read for a third.
final class LargeBundle: Sendable {
  private struct State {
    var index = TargetIndex()
    /// Whether its entries can be loaded as they come.
    var isPlain = true
  }

  /// How many entries are known at most: some 300 bytes for each.
  final class Room: Sendable {
    fileprivate let entries = Atomic<Int>(120_000)
  }

  private let state = Mutex(State())
  private let room: Room

  /// - Parameter room: shared by the Bundles of a run. Those for which there is none are read once more.
  init(_ room: Room) { self.room = room }

  /// nil where its entries are to be looked at first: a transaction, a history, or what looks for resources that are there.
  var index: TargetIndex? { state.withLock { $0.isPlain ? $0.index : nil } }

  /// Takes note of the Bundle's entries in a batch.
  func add(_ batch: RecordBatch, _ body: (Record, RecordResource?) -> Void) {
    state.withLock { state in
      batch.forEach { record in
        let resource = RecordResource(record)
        switch record.content {
        case .entry: add(record, resource, to: &state)
        case .bundle:
          let type = record.tree.child(KnownNames.r4.type, of: 0).map { record.tree.string(at: $0) }
          if type == "transaction" || type == "history" { giveUp(&state) }
        case .resource, .unreadable: break
        }
        body(record, resource)
      }
    }
  }

  private func add(_ record: Record, _ resource: RecordResource?, to state: inout State) {
    guard state.isPlain, let resource else { return }
    let request = EntryRequest(record)
    if request?.ifNoneExist != nil || resource.searched(by: request) != nil { return giveUp(&state) }
    state.index.add(resource)
    if room.entries.subtract(1, ordering: .relaxed).newValue < 0 { giveUp(&state) }
  }

  private func giveUp(_ state: inout State) {
    room.entries.add(state.index.count, ordering: .relaxed)
    state.index = TargetIndex()
    state.isPlain = false
  }
}
