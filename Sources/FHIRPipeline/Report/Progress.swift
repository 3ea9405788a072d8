import Glibc
import Synchronization

/// Tells a waiting person how far a run is: a bar on a terminal, a line every few seconds elsewhere.
package final class Progress: Sendable {
  private struct State {
    var bytes = 0
    var resources = 0
    var lastShown: Double
    var shown = false
  }

  private let state: Mutex<State>
  private let total: Int
  private let enabled: Bool
  private let started: Double

  /// - Parameter total: bytes to be read, 0 when unknown.
  package init(total: Int, enabled: Bool) {
    self.total = total
    self.enabled = enabled
    started = Progress.now()
    state = Mutex(State(lastShown: Progress.now()))
  }

  package func advance(bytes: Int, resources: Int) {
    guard enabled else { return }
    state.withLock { state in
      state.bytes += bytes
      state.resources += resources
      let now = Progress.now()
      guard now - state.lastShown >= (Terminal.showsProgressBar ? 0.1 : 5) else { return }
      state.lastShown = now
      state.shown = true
      show(state, at: now)
    }
  }

  /// Takes the bar off the terminal.
  package func finish() {
    guard enabled, Terminal.showsProgressBar else { return }
    if state.withLock({ $0.shown }) { Terminal.write("\r\u{1B}[K", to: STDERR_FILENO) }
  }

  private func show(_ state: State, at now: Double) {
    let megabytes = Double(state.bytes) / 1e6
    let rate = megabytes / max(now - started, 0.001)
    let amounts = "\(state.resources) resources, \(tenths(megabytes)) MB, \(tenths(rate)) MB/s"
    guard Terminal.showsProgressBar else {
      Terminal.say("fhirline: \(amounts)")
      return
    }
    guard total > 0 else {
      Terminal.write("\r\(amounts)\u{1B}[K", to: STDERR_FILENO)
      return
    }
    let share = min(Double(state.bytes) / Double(total), 1)
    let filled = Int(share * 24)
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
    Terminal.write("\r\(bar) \(Int(share * 100)) %  \(amounts)\u{1B}[K", to: STDERR_FILENO)
  }

  private func tenths(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// Seconds of a clock that only runs forward.
  package static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
