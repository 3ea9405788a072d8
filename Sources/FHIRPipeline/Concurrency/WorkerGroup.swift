import Synchronization

/// Workers that have a range of things to do between them.
struct WorkerGroup: Sendable {
  let count: Int

  /// Hands each number to one of the workers; what it throws ends the work of all.
  func forEach(_ range: Range<Int>, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let next = Atomic<Int>(range.lowerBound)
    let failure = Mutex<(any Error)?>(nil)
    WorkerThread.run(count: max(1, count)) { _ in
      while failure.withLock({ $0 == nil }) {
        let number = next.add(1, ordering: .relaxed).oldValue
        guard number < range.upperBound else { break }
        do {
          try body(number)
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
  }
}
