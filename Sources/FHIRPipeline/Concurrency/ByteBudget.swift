/// Bytes that threads may hold at a time, all together: whoever wants more waits until others give some back.
package final class ByteBudget: @unchecked Sendable {
  // Safe to share: `held` and `closed` are touched only while `monitor` is locked.

  private let monitor = Monitor()
  private let limit: Int
  private var held = 0
  private var closed = false

  package init(limit: Int) {
    self.limit = limit
  }

  /// Waits as long as the limit is reached, and then takes so many, however many they are; false once the budget is closed.
  package func take(_ bytes: Int) -> Bool {
    monitor.lock()
    defer { monitor.unlock() }
    while !closed && held >= limit { monitor.wait() }
    if closed { return false }
    held += bytes
    return true
  }

  package func giveBack(_ bytes: Int) {
    monitor.lock()
    held -= bytes
    monitor.tellChange()
    monitor.unlock()
  }

  /// Lets nobody wait any longer.
  package func close() {
    monitor.lock()
    closed = true
    monitor.tellChange()
    monitor.unlock()
  }
}
