import Glibc

/// A run that cannot go on: thrown, said to the user, and turned into an exit code.
package struct PipelineFailure: Error, Sendable {
  package let code: Code
  /// What went wrong and what to do about it, for the person at the terminal. Never holds a password or patient data.
  package let message: String

  package enum Code: String, Sendable {
    case usage, configuration, mapping, input, output, connection, stopped
  }

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var exitStatus: ExitStatus { code == .stopped ? .stopped : .couldNotRun }
}

extension PipelineFailure {
  /// Somebody sent a signal.
  static let interrupted = PipelineFailure(.stopped, "stopped before the end; run it again to go on")

  /// A variable of a script that is not set, most often.
  static let unnamedOutput = PipelineFailure(.usage, "the name given for what is to be written is empty")

  /// What the system would not let be written. A disk that is full stops a run; with room on it, the same command goes on.
  ///
  /// - Parameters:
  ///   - what: the place, and what was tried: `out/Patient.ndjson: cannot be written`.
  ///   - elsewhere: what else than making room helps.
  static func unwritable(_ what: String, errno fault: Int32, elsewhere: String? = nil) -> PipelineFailure {
    let isFull = [ENOSPC, EDQUOT, EFBIG].contains(fault)
    return PipelineFailure(
      isFull ? .stopped : .output,
      "\(what): \(String(cString: strerror(fault)))"
        + (isFull
          ? "; \(fault == EFBIG ? "raise the limit (ulimit -f)" : "make room")\(elsewhere.map { ", or \($0)," } ?? "") and run the same again"
          : ""))
  }
}

/// What the program's exit code says.
package enum ExitStatus: Int32, Sendable {
  /// Done, nothing wrong.
  case done = 0
  /// Done, and there are findings of severity error, or resources set aside, or differences.
  case findings = 1
  /// Could not run: usage, unreadable configuration, no input, no connection.
  case couldNotRun = 2
  /// Stopped before the end (signal, connection lost, disk full); can be run again.
  case stopped = 3
}
