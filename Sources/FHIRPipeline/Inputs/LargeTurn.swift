import Glibc

/// Whose turn it is to have something large: of all workers one at a time, for two huge resources take twice the memory.
///
/// A worker takes it while it reads, and has it until it is through with what it read.
final class LargeTurn: @unchecked Sendable {
  // Safe to share: `owner` is touched only while `monitor` is locked.

  private let monitor = Monitor()
  /// The thread whose turn it is.
  private var owner: pthread_t?

  /// Waits until no other thread has it.
  func take() {
    monitor.lock()
    while let owner, owner != pthread_self() { monitor.wait() }
    owner = pthread_self()
    monitor.unlock()
  }

  /// Gives it back, if this thread has it.
  func giveBack() {
    monitor.lock()
    if owner == pthread_self() {
      owner = nil
      monitor.tellChange()
    }
    monitor.unlock()
  }
}
