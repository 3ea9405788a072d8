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

/// What the program's exit code says.
package enum ExitStatus: Int32, Sendable {
  /// Done, nothing wrong.
  case done = 0
  /// Done, and there are findings of severity error, or resources set aside, or differences.
  case findings = 1
  /// Could not run: usage, unreadable configuration, no input, no connection.
  case couldNotRun = 2
  /// Stopped before the end (signal, connection lost); can be run again.
  case stopped = 3
}
