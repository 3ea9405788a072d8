import Synchronization

/// What entries of Bundles want deleted, in their order among the run's resources.
///
/// It is done when all is loaded: a deletion holds for what came before it, in the run or in the database, and not for what
/// comes after it.
final class Deletions: Sendable {
  struct Order: Sendable {
    let target: EntryRequest.Target
    let sequence: UInt64
  }

  private struct State {
    var orders: [Order] = []
    /// By the hash of its key: the last resource of those that are to be deleted.
    var written: [UInt64: UInt64] = [:]
  }

  /// Hashes of the keys that are to be deleted somewhere in the run.
  private let keys: Set<UInt64>
  private let state = Mutex(State())

  init(keys: Set<UInt64>) { self.keys = keys }

  func add(_ order: Order) { state.withLock { $0.orders.append(order) } }

  /// Takes note of a resource that is loaded.
  func note(_ key: @autoclosure () -> String, sequence: UInt64) {
    guard !keys.isEmpty else { return }
    let hash = NameHash.of(key())
    guard keys.contains(hash) else { return }
    state.withLock { $0.written[hash] = max(sequence, $0.written[hash] ?? 0) }
  }

  /// What is to be deleted, now that all resources are known.
  ///
  /// - Parameter find: the one resource of a name.
  func due(_ find: (String) -> TargetIndex.Target?) -> [TargetIndex.Target] {
    state.withLock { state in
      state.orders.compactMap { order in
        let target: TargetIndex.Target?
        switch order.target {
        case .resource(let named): target = named
        case .search(let name): target = find(name)
        }
        guard let target else { return nil }
        if let written = state.written[NameHash.of(target.key)], written >= order.sequence { return nil }
        return target
      }
    }
  }
}
