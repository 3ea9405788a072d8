import Glibc
import Synchronization

/// What SIGINT, SIGTERM and SIGHUP do: a run that loads ends when what it is writing is written; any other ends at once, and
/// leaves no file that is not whole. The exit code is that of a run that was stopped.
package enum Interruption {
  /// What the first signal does; a second one ends the program at once.
  private enum Mode {
    static let endsAtOnce: UInt8 = 0
    static let asks: UInt8 = 1
    static let wakes: UInt8 = 2
  }

  private static let asked = Atomic<Bool>(false)
  private static let mode = Atomic<UInt8>(Mode.endsAtOnce)
  // Safe to share: made once, and a semaphore is for all threads and for signals' handlers.
  nonisolated(unsafe) private static let waking: UnsafeMutablePointer<sem_t> = {
    let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
    return semaphore
  }()

  /// Whether a signal has come that a run is to obey.
  package static var isAsked: Bool { asked.load(ordering: .relaxed) }

  /// From here on the first signal only sets ``isAsked``.
  package static func listen() { mode.store(Mode.asks, ordering: .relaxed) }

  /// Runs `body`. A signal that comes meanwhile ends the program as any does, but first `conclude` runs, on a thread of its own:
  /// what goes to a pipe, and cannot be taken back, is brought to its end, whatever `body` is doing. Where nobody reads the pipe
  /// on, nothing can be, and the program ends all the same.
  static func concluding<Value>(
    by conclude: @escaping @Sendable () -> Void, _ body: () throws -> Value
  ) rethrows -> Value {
    let isOver = Flag()
    _ = waking
    let thread = WorkerThread {
      while sem_wait(waking) != 0 {}
      guard !isOver.isSet else { return }
      alarm(secondsToConclude)
      conclude()
      end()
    }
    mode.store(Mode.wakes, ordering: .sequentiallyConsistent)
    defer {
      mode.store(Mode.endsAtOnce, ordering: .sequentiallyConsistent)
      // One that came just before goes first.
      if !isAsked { isOver.set() }
      sem_post(waking)
      thread.join()
    }
    return try body()
  }

  private static let secondsToConclude: UInt32 = 2

  private final class Flag: Sendable {
    private let value = Atomic<Bool>(false)
    var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }
    func set() { value.store(true, ordering: .sequentiallyConsistent) }
  }

  /// Takes the signals, unless they are ignored (`nohup`, a job of a script).
  package static func install() {
    // A signal's handler must not be the first to touch them: they are made when first used.
    _ = isAsked
    mode.store(Mode.endsAtOnce, ordering: .relaxed)
    PartialFiles.prepare()
    // Threads of libdispatch hand a mask on to their children that blocks them.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      sigaddset(&signals, number)
      var before = sigaction()
      sigaction(number, nil, &before)
      // SIG_IGN is the address 1, which Swift cannot compare.
      guard unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self) != 1 else { continue }
      signal(number) { _ in Interruption.obey() }
    }
    sigaddset(&signals, SIGALRM)
    signal(SIGALRM) { _ in Interruption.end() }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// Nothing here but atomics and system calls: a handler may run in the midst of anything.
  private static func obey() {
    let mode = mode.load(ordering: .sequentiallyConsistent)
    if mode != Mode.endsAtOnce, !asked.exchange(true, ordering: .sequentiallyConsistent) {
      if mode == Mode.wakes { sem_post(waking) }
      return
    }
    end()
  }

  /// Ends the program. Nothing here but atomics and system calls, too.
  private static func end() -> Never {
    PartialFiles.unlinkAll()
    let words: StaticString = "fhirline: stopped before the end\n"
    _ = Glibc.write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
    _exit(ExitStatus.stopped.rawValue)
  }
}
