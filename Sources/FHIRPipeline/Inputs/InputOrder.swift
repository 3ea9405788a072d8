import Synchronization

/// Puts what workers finish in any order back into the order of the inputs.
package final class InputOrder<Result: Sendable>: Sendable {
  private struct State {
    var file = 0
    var step = 0
    var waiting: [Key: (result: Result, last: Bool)] = [:]
  }

  private struct Key: Hashable {
    let file: Int
    let step: Int
  }

  private let state = Mutex(State())
  private let emit: @Sendable (Int, Result) -> Void

  /// - Parameter emit: takes a file's index and a result; called in the order of the inputs, by one thread at a time.
  package init(emit: @escaping @Sendable (Int, Result) -> Void) { self.emit = emit }

  /// Takes the result of one step; `last` tells that no other step of the file follows.
  package func put(_ result: Result, file: Int, step: Int, last: Bool) {
    state.withLock { state in
      state.waiting[Key(file: file, step: step)] = (result, last)
      while let next = state.waiting.removeValue(forKey: Key(file: state.file, step: state.step)) {
        emit(state.file, next.result)
        if next.last {
          state.file += 1
          state.step = 0
        } else {
          state.step += 1
        }
      }
    }
  }
}
