package import Foundation
import Synchronization

/// A program that a test starts; killed, if it still runs, when nobody holds this any more.
///
/// Foundation's `Process` learns of an end by a socket that others started at the same moment may inherit: where one of them is a
/// server, nobody is told of the end before the server's. This one asks the system, and its children inherit nothing.
package final class ChildProcess: Sendable {
  package let number: pid_t

  private struct State {
    /// What `waitpid` gave; the number may be another's from then on.
    var end: Int32?
  }

  private let state = Mutex(State())

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  /// - Parameters:
  ///   - command: a program, by its path or to be looked for as a shell does, and its arguments.
  ///   - environment: instead of this process's own.
  ///   - folder: where it works.
  ///   - input: a file that it reads as standard input; and so on.
  package init(
    _ command: [String], environment: [String: String] = ProcessInfo.processInfo.environment,
    in folder: String? = nil, input: String = "/dev/null", output: String = "/dev/null",
    errors: String = "/dev/null"
  ) throws {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input, O_RDONLY, 0)
    let writing = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, writing, 0o600)
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, errors, writing, 0o600)
    if let folder { _ = try ChildProcess.changeFolder()(&actions, folder) }
    _ = try ChildProcess.closeFrom()(&actions, STDERR_FILENO + 1)

    // Threads of libdispatch have signals blocked, which a program inherits that they start.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    // A script that runs the tests in its background has them ignore SIGINT, and a program that is told to ignore it does.
    var obeyed = sigset_t()
    sigemptyset(&obeyed)
    for signal in [SIGHUP, SIGINT, SIGTERM] { sigaddset(&obeyed, signal) }
    posix_spawnattr_setsigdefault(&attributes, &obeyed)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
    defer { for text in arguments + variables { free(text) } }
    var number: pid_t = 0
    let fault = posix_spawnp(&number, command[0], &actions, &attributes, &arguments, &variables)
    guard fault == 0 else {
      throw Failure(description: "\(command[0]) cannot be started: \(String(cString: strerror(fault)))")
    }
    self.number = number
  }

  deinit {
    send(SIGKILL)
    wait()
  }

  package var isRunning: Bool { state.withLock { ended(&$0, WNOHANG) == nil } }

  /// Sends a signal, unless the program has ended.
  package func send(_ signal: Int32) {
    state.withLock { state in
      if ended(&state, WNOHANG) == nil { kill(number, signal) }
    }
  }

  /// Waits for the end, and gives the exit code; that of a program which a signal ended is 128 and the signal, as a shell has it.
  @discardableResult package func wait() -> Int32 {
    // Without the lock, so that others may send signals; the number stays the program's until the lock's holder takes it.
    var information = siginfo_t()
    while state.withLock({ $0.end == nil }),
      waitid(P_PID, id_t(number), &information, WEXITED | WNOWAIT) != 0, errno == EINTR
    {}
    let end = state.withLock { ended(&$0, 0) } ?? 0
    let signal = end & 0x7F
    return signal == 0 ? (end >> 8) & 0xFF : 128 + signal
  }

  /// Starts a program and waits for its end.
  @discardableResult package static func run(_ command: [String], in folder: String? = nil) throws -> Int32 {
    try ChildProcess(command, in: folder).wait()
  }

  // Functions of glibc's own (2.34), which Swift's module of it does not show.
  private typealias Actions = UnsafeMutablePointer<posix_spawn_file_actions_t>
  private typealias ChangeFolder = @convention(c) (Actions, UnsafePointer<CChar>) -> Int32
  private typealias CloseFrom = @convention(c) (Actions, Int32) -> Int32

  private static func changeFolder() throws -> ChangeFolder {
    unsafeBitCast(try function("posix_spawn_file_actions_addchdir_np"), to: ChangeFolder.self)
  }

  private static func closeFrom() throws -> CloseFrom {
    unsafeBitCast(try function("posix_spawn_file_actions_addclosefrom_np"), to: CloseFrom.self)
  }

  private static func function(_ name: String) throws -> UnsafeMutableRawPointer {
    guard let function = dlsym(nil, name) else { throw Failure(description: "the C library has no \(name)") }
    return function
  }

  private func ended(_ state: inout State, _ options: Int32) -> Int32? {
    if let end = state.end { return end }
    var end: Int32 = 0
    var taken = waitpid(number, &end, options)
    while taken < 0, errno == EINTR { taken = waitpid(number, &end, options) }
    if taken == number { state.end = end }
    return state.end
  }
}
