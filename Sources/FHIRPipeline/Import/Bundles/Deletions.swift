/// What entries of Bundles want deleted, in their order among the run's resources.
///
/// A deletion holds for what came before it, in the run or in the database, and not for what comes after it. A transaction deletes
/// with what it writes; the rest is done when all is loaded.
final class Deletions: @unchecked Sendable {
  // Safe to share: `state` is touched only while `monitor` is locked.

  struct Order: Sendable {
    let target: EntryRequest.Target
    let sequence: UInt64
    /// The resource, where its transaction has deleted it: what an earlier input had of it may have been loaded later.
    var done: TargetIndex.Target?
  }

  private struct State {
    var orders: [Order] = []
    /// By the hash of its key: the last resource of those that are to be deleted.
    var written: [UInt64: UInt64] = [:]
    /// Hashes of the keys that a transaction is deleting.
    var underWay: [UInt64: Int] = [:]
  }

  /// Hashes of the keys that are to be deleted somewhere in the run.
  let keys: Set<UInt64>
  private let monitor = Monitor()
  private var state = State()

  init(keys: Set<UInt64>) { self.keys = keys }

  private func whileLocked<R>(_ body: (inout State) -> R) -> R {
    monitor.lock()
    defer { monitor.unlock() }
    return body(&state)
  }

  func add(_ order: Order) { whileLocked { $0.orders.append(order) } }

  /// Takes note of a resource that is loaded; waits while a transaction deletes what it has of it.
  func note(_ key: @autoclosure () -> String, sequence: UInt64) {
    guard !keys.isEmpty else { return }
    let hash = NameHash.of(key())
    guard keys.contains(hash) else { return }
    monitor.lock()
    defer { monitor.unlock() }
    while state.underWay[hash] != nil { monitor.wait() }
    state.written[hash] = max(sequence, state.written[hash] ?? 0)
  }

  /// Says that a transaction is about to delete a resource; false where the run has come across one of that key, so that only its
  /// end can tell which counts.
  func begin(_ target: TargetIndex.Target) -> Bool {
    let hash = NameHash.of(target.key)
    return whileLocked { state in
      guard state.written[hash] == nil else { return false }
      state.underWay[hash, default: 0] += 1
      return true
    }
  }

  /// Says that the transaction is through, however it ended.
  func end(_ targets: [TargetIndex.Target]) {
    whileLocked { state in
      for target in targets {
        let hash = NameHash.of(target.key)
        let left = (state.underWay[hash] ?? 0) - 1
        state.underWay[hash] = left > 0 ? left : nil
      }
      monitor.tellChange()
    }
  }

  /// What is to be deleted, now that all resources are known.
  ///
  /// - Parameter find: the one resource of a name.
  func due(_ find: (String) -> TargetIndex.Target?) -> [TargetIndex.Target] {
    whileLocked { state in
      state.orders.compactMap { order in
        let target: TargetIndex.Target?
        switch order.target {
        case .resource(let named): target = named
        case .search(let name): target = order.done ?? find(name)
        }
        guard let target else { return nil }
        let written = state.written[NameHash.of(target.key)]
        if let written, written >= order.sequence { return nil }
        if order.done != nil, written == nil { return nil }
        return target
      }
    }
  }
}
