/// Puts what workers finish in any order back into the order of the inputs.
package final class InputOrder<Result: Sendable>: @unchecked Sendable {
  // Safe to share: every member that changes is touched only while `monitor` is locked.

  private struct Key: Hashable {
    let file: Int
    let step: Int
  }

  private let monitor = Monitor()
  private var file = 0
  private var step = 0
  private var waiting: [Key: (result: Result, last: Bool)] = [:]
  private var waitingCost = 0
  private var isAbandoned = false
  private let limit: Int
  private let cost: @Sendable (Result) -> Int
  private let emit: @Sendable (Int, Result) -> Void

  /// - Parameters:
  ///   - limit: how much may wait for its turn. Whoever brings more, and of a later file than the one whose turn it is,
  ///     waits; the file whose turn it is goes on, so that somebody always does.
  ///   - cost: what a result takes of the limit.
  ///   - emit: takes a file's index and a result; called in the order of the inputs, by one thread at a time.
  package init(
    limit: Int = .max, cost: @escaping @Sendable (Result) -> Int = { _ in 1 },
    emit: @escaping @Sendable (Int, Result) -> Void
  ) {
    self.limit = limit
    self.cost = cost
    self.emit = emit
  }

  /// Nobody wants to know what else is finished: nobody waits for a turn that may not come.
  func abandon() {
    monitor.lock()
    defer { monitor.unlock() }
    isAbandoned = true
    waiting = [:]
    monitor.tellChange()
  }

  /// Takes the result of one step; `last` tells that no other step of the file follows.
  package func put(_ result: Result, file: Int, step: Int, last: Bool) {
    monitor.lock()
    defer { monitor.unlock() }
    while file != self.file && waitingCost > limit && !isAbandoned { monitor.wait() }
    if isAbandoned { return }
    waiting[Key(file: file, step: step)] = (result, last)
    waitingCost += cost(result)
    let before = self.file
    var hasEmitted = false
    while let next = waiting.removeValue(forKey: Key(file: self.file, step: self.step)) {
      waitingCost -= cost(next.result)
      emit(self.file, next.result)
      hasEmitted = true
      if next.last {
        self.file += 1
        self.step = 0
      } else {
        self.step += 1
      }
    }
    if hasEmitted && limit < .max || self.file != before { monitor.tellChange() }
  }
}
