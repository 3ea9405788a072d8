import Glibc
import Synchronization

/// What SIGINT, SIGTERM and SIGHUP do: a run that loads ends when what it is writing is written; any other ends at once, and
/// leaves no file that is not whole. The exit code is that of a run that was stopped.
package enum Interruption {
  private static let asked = Atomic<Bool>(false)
  private static let awaited = Atomic<Bool>(false)

  /// Whether a signal has come that a run is to obey.
  package static var isAsked: Bool { asked.load(ordering: .relaxed) }

  /// From here on the first signal only sets ``isAsked``; a second one ends the program at once.
  package static func listen() { awaited.store(true, ordering: .relaxed) }

  /// Takes the signals, unless they are ignored (`nohup`, a job of a script).
  package static func install() {
    // A signal's handler must not be the first to touch them: they are made when first used.
    _ = isAsked
    awaited.store(false, ordering: .relaxed)
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
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// Nothing here but atomics and system calls: a handler may run in the midst of anything.
  private static func obey() {
    if awaited.load(ordering: .relaxed), !asked.exchange(true, ordering: .relaxed) { return }
    PartialFiles.unlinkAll()
    let words: StaticString = "fhirline: stopped before the end\n"
    _ = Glibc.write(STDERR_FILENO, words.utf8Start, words.utf8CodeUnitCount)
    _exit(ExitStatus.stopped.rawValue)
  }
}
