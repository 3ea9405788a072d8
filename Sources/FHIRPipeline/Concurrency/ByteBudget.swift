import Glibc

/// Bytes that threads may hold at a time, all together: whoever wants more waits until others give some back.
package final class ByteBudget: @unchecked Sendable {
  // Safe to share: `held` and `closed` are touched only while `mutex` is held.

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>
  private let limit: Int
  private var held = 0
  private var closed = false

  package init(limit: Int) {
    self.limit = limit
    mutex = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    changed.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(changed, nil)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(changed)
    mutex.deallocate()
    changed.deallocate()
  }

  /// Waits as long as the limit is reached, and then takes so many, however many they are; false once the budget is closed.
  package func take(_ bytes: Int) -> Bool {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    while !closed && held >= limit { pthread_cond_wait(changed, mutex) }
    if closed { return false }
    held += bytes
    return true
  }

  package func giveBack(_ bytes: Int) {
    pthread_mutex_lock(mutex)
    held -= bytes
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }

  /// Lets nobody wait any longer.
  package func close() {
    pthread_mutex_lock(mutex)
    closed = true
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(mutex)
  }
}
