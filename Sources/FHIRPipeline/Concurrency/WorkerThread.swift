import Glibc
import Synchronization

/// A thread of the operating system. The pipeline's stages block (files, MongoDB), so they stay off Swift's own pool.
package final class WorkerThread: @unchecked Sendable {
  // Safe to share: `handle` is set once, before the initializer returns, and read by `join` alone.

  private var handle = pthread_t()
  private let isJoined = Mutex(false)

  private final class Body {
    let run: @Sendable () -> Void
    init(run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread that runs `body`.
  ///
  /// Where the system has none, the program ends as if somebody had ended it, which every command outlives: what has been
  /// begun cannot be waited for without threads either.
  package init(_ body: @escaping @Sendable () -> Void) {
    let argument = Unmanaged.passRetained(Body(run: body)).toOpaque()
    let status = pthread_create(
      &handle, nil,
      { argument in
        // `argument` is the retained Body above; this is its only taker.
        Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
        return nil
      }, argument)
    guard status == 0 else {
      Terminal.say(
        "the system gives no further thread (\(String(cString: strerror(status)))): raise its limits on memory (ulimit -v) and "
          + "processes (ulimit -u), or take fewer --workers, and run the same again")
      _exit(ExitStatus.stopped.rawValue)
    }
  }

  /// Waits until the thread has ended.
  package func join() {
    // A thread that was waited for is gone, and another may have its handle.
    isJoined.withLock { isJoined in
      if !isJoined { pthread_join(handle, nil) }
      isJoined = true
    }
  }

  /// Runs `body` on `count` threads, each given its number from 0, and waits for all of them.
  package static func run(count: Int, _ body: @escaping @Sendable (Int) -> Void) {
    if count == 1 {
      body(0)
      return
    }
    let threads = (0..<count).map { index in WorkerThread { body(index) } }
    for thread in threads { thread.join() }
  }
}
