import Glibc

/// A lock, and a way to wait until others have changed what it guards.
///
/// `Synchronization.Mutex` has no condition to wait for.
final class Monitor: @unchecked Sendable {
  // Safe to share: both are made for that, and stay where they are as long as this does.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  init() {
    mutex = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    changed.initialize(to: pthread_cond_t())
    pthread_mutex_init(mutex, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    // What is waited for does not end earlier because somebody sets the clock.
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(changed, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    pthread_cond_destroy(changed)
    mutex.deallocate()
    changed.deallocate()
  }

  func lock() { pthread_mutex_lock(mutex) }

  func unlock() { pthread_mutex_unlock(mutex) }

  /// Lets others in, until one says that something changed; the caller holds the lock before and afterwards.
  func wait() { pthread_cond_wait(changed, mutex) }

  /// The same for so long at the most.
  func wait(seconds: Int) {
    var end = timespec()
    clock_gettime(CLOCK_MONOTONIC, &end)
    end.tv_sec += seconds
    pthread_cond_timedwait(changed, mutex, &end)
  }

  /// Wakes all who wait; the caller holds the lock.
  func tellChange() { pthread_cond_broadcast(changed) }
}
