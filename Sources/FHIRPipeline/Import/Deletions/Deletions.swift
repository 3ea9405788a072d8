import FHIRMapping
import FHIRModel

/// What entries of Bundles want deleted, in their order among the run's resources.
///
/// A deletion holds for what came before it, in the run or in the database, and not for what comes after it; one by a search for what came
/// before its Bundle, so that a Bundle may replace what it searches for. A transaction deletes with what it writes; the rest is done
/// when all is loaded.
final class Deletions: @unchecked Sendable {
  // Safe to share: `state` is touched only while `monitor` is locked.

  struct Order: Sendable {
    let target: EntryRequest.Target
    /// What has it, or a higher one, is not deleted.
    var sequence: UInt64
    /// As the entry has it, and where.
    let url: String
    let expression: String
    let position: SourcePosition?
    /// The resource, where its transaction has deleted it: what an earlier input had of it may have been loaded later.
    var done: TargetIndex.Target?
    /// The version that was deleted, where a history tells it. What of the run it holds for is known before anything is loaded
    /// (``VersionedEntries``), and what is loaded in spite of it stays; so does what the database has that is newer.
    var gone: EntryRequest.Gone?
  }

  struct Due {
    let target: TargetIndex.Target
    let order: Order
  }

  private struct State {
    var orders = DeletionOrders()
    /// By the hash of its key: the last resource of those that are to be deleted.
    var written: [UInt64: UInt64] = [:]
    /// By the hash of a search: the resources that answer to it.
    var answering: [UInt64: [TargetIndex.Target]] = [:]
    /// Hashes of the keys of those.
    var answered: Set<UInt64> = []
    /// Hashes of the keys that a transaction is deleting.
    var underWay: [UInt64: Int] = [:]
    /// By the hash of its key: the order that counts of those that delete a resource.
    var gone = FiledTable<Int>()

    /// Whether any order tells a version.
    var tellsVersions = false

    mutating func noteGone(_ due: Due, _ number: Int) {
      guard tellsVersions else { return }
      gone.note(number, under: NameHash.of(due.target.key)) { [orders] in State.newer($0, $1, orders) }
    }

    /// Which of two orders holds for more: one that tells no version, else that which tells the newer.
    static func newer(_ first: Int, _ second: Int, _ orders: DeletionOrders) -> Int {
      guard let one = orders[first].gone?.version else { return first }
      guard let other = orders[second].gone?.version else { return second }
      return other.isOlder(than: one) ? first : second
    }
  }

  /// Hashes of the keys that are to be deleted somewhere in the run.
  private let keys: Set<UInt64>
  /// By the hash of a search: what earlier runs loaded that answers to it.
  private let stored: [UInt64: [TargetIndex.Target]]
  private let monitor = Monitor()
  private var state = State()

  init(keys: Set<UInt64>, searched stored: [UInt64: [TargetIndex.Target]]) {
    self.keys = keys
    self.stored = stored
  }

  /// Whether nothing is to be deleted anywhere in the run.
  var isEmpty: Bool { keys.isEmpty && stored.isEmpty }

  private func whileLocked<R>(_ body: (inout State) -> R) -> R {
    monitor.lock()
    defer { monitor.unlock() }
    return body(&state)
  }

  func add(_ order: Order) {
    whileLocked { state in
      state.orders.append(order)
      if order.gone != nil { state.tellsVersions = true }
    }
  }

  /// Takes note of a resource that is loaded; waits while a transaction deletes what it has of it.
  func note(_ resource: RecordResource, sequence: UInt64) {
    guard !isEmpty else { return }
    let target = resource.identity.target
    let hash = NameHash.of(target.key)
    let searches = stored.isEmpty ? [] : resource.nameHashes.filter { stored[$0] != nil }
    guard keys.contains(hash) || !searches.isEmpty else { return }
    monitor.lock()
    defer { monitor.unlock() }
    while state.underWay[hash] != nil { monitor.wait() }
    state.written[hash] = max(sequence, state.written[hash] ?? 0)
    for search in searches where state.answering[search]?.contains(target) != true {
      state.answering[search, default: []].append(target)
      state.answered.insert(hash)
    }
  }

  /// Whether a resource that came is to be deleted, maybe.
  func concerns(_ key: String) -> Bool {
    guard !isEmpty else { return false }
    let hash = NameHash.of(key)
    return keys.contains(hash) || whileLocked { $0.answered.contains(hash) }
  }

  /// What earlier runs loaded that answers to a search.
  func stored(_ search: String) -> [TargetIndex.Target] { stored[NameHash.of(search)] ?? [] }

  /// What answers to a search and came before a place in the run, as far as the run has come.
  func found(by search: String, before sequence: UInt64) -> [TargetIndex.Target] {
    whileLocked { state in Deletions.found(stored(search), search, before: sequence, state) }
  }

  private static func found(
    _ stored: [TargetIndex.Target], _ search: String, before sequence: UInt64, _ state: State
  ) -> [TargetIndex.Target] {
    var found = stored
    for target in state.answering[NameHash.of(search)] ?? [] where !found.contains(target) {
      found.append(target)
    }
    return found.filter { state.written[NameHash.of($0.key)].map { $0 < sequence } ?? true }
  }

  /// Whether the run has come across the resource at that place, or later.
  func has(_ target: TargetIndex.Target, from sequence: UInt64) -> Bool {
    whileLocked { $0.written[NameHash.of(target.key)].map { $0 >= sequence } ?? false }
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

  /// Resources to be deleted, some at a time.
  typealias Batches = LazyMapSequence<DueBatches, [TargetIndex.Target]>
  /// The newest version of a resource that is to be deleted; nil where it goes whatever its version.
  typealias Gone = (_ key: String) -> ResourceVersion?
  /// Takes the keys of resources that stay, and why.
  typealias Refused = (_ keys: Set<String>, _ reason: String) -> Void

  /// Has deleted what is to be deleted, now that all resources are known, and says of what that is not possible.
  ///
  /// - Parameter delete: returns how many resources were there, and are no more.
  func settle(
    _ ledger: ImportLedger, _ delete: (_ batches: Batches, _ gone: Gone, _ refused: Refused) throws -> Int
  ) throws -> Int {
    var reasons: [UInt64: String] = [:]
    let due = DueBatches(deletions: self) { ledger.refuse($0, ImportWorker.severalFound) }
    let deleted = try delete(due.map { $0.map(\.target) }, goneVersion) { keys, reason in
      for key in keys { reasons[NameHash.of(key)] = reason }
    }
    guard !reasons.isEmpty else { return deleted }
    for due in DueBatches(deletions: self, ambiguous: { _ in }).joined() {
      if let reason = reasons[NameHash.of(due.target.key)] { ledger.refuse(due.order, reason) }
    }
    return deleted
  }

  /// The newest version of a resource that histories tell to be deleted, as far as the batches have come; nil where it is deleted
  /// whatever its version.
  private func goneVersion(of key: String) -> ResourceVersion? {
    whileLocked { state in
      guard state.tellsVersions else { return nil }
      let orders = state.orders
      return state.gone.value(of: NameHash.of(key)) { State.newer($0, $1, orders) }
        .flatMap { orders[$0].gone?.version }
    }
  }

  private static let ordersPerBatch = 1000

  /// What is to be deleted, and who asks for it.
  struct DueBatches: LazySequenceProtocol, IteratorProtocol {
    fileprivate let deletions: Deletions
    /// Takes an order whose search finds several.
    fileprivate let ambiguous: (Order) -> Void
    private var start = 0

    fileprivate init(deletions: Deletions, ambiguous: @escaping (Order) -> Void) {
      self.deletions = deletions
      self.ambiguous = ambiguous
    }

    mutating func next() -> [Due]? {
      deletions.whileLocked { state in
        let batch = start..<Swift.min(start + Deletions.ordersPerBatch, state.orders.count)
        start = batch.upperBound
        guard !batch.isEmpty else { return nil }
        return batch.compactMap { number in
          guard let due = deletions.due(state.orders[number], state, ambiguous) else { return nil }
          state.noteGone(due, number)
          return due
        }
      }
    }
  }

  /// nil where nothing is to be deleted: what came later stays.
  private func due(_ order: Order, _ state: State, _ ambiguous: (Order) -> Void) -> Due? {
    let target: TargetIndex.Target
    switch (order.done, order.target) {
    case (let done?, _): target = done
    case (nil, .resource(let named)): target = named
    case (nil, .search(let search)):
      let found = Deletions.found(stored(search), search, before: order.sequence, state)
      if found.count > 1 { ambiguous(order) }
      guard found.count == 1 else { return nil }
      target = found[0]
    }
    let written = state.written[NameHash.of(target.key)]
    if let written, order.gone != nil || written >= order.sequence { return nil }
    if order.done != nil, written == nil { return nil }
    return Due(target: target, order: order)
  }
}
