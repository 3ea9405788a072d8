import Glibc
import Synchronization

/// Whether the user (SIGINT) or the system (SIGTERM) asked the run to end: it then ends cleanly and can be run again.
package enum Interruption {
  private static let asked = Atomic<Bool>(false)

  package static var isAsked: Bool { asked.load(ordering: .relaxed) }

  /// From here on a first signal asks for an end, and a second one ends the process at once.
  package static func listen() {
    // The handler does nothing but set a flag, which is all that a signal handler may do.
    _ = isAsked
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        Interruption.asked.store(true, ordering: .relaxed)
        Glibc.signal(number, SIG_DFL)
      }
    }
  }
}
