import Glibc

/// A program that was run to its end: what it wrote, how long it took, and how much memory it had at most.
struct ProgramRun {
  var output: String
  /// What it said to people.
  var words: String
  var status: Int32
  var seconds: Double
  /// Processor seconds of all its threads.
  var processorSeconds: Double
  /// Bytes of the largest resident set; see ``MemoryWatch``.
  var peakMemory: Int
}

/// The release binary, as a user would run it.
struct Program {
  let path: String

  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// Runs the program. Exit codes up to 1 (done, with findings) are no failure.
  func run(_ arguments: [String], environment extra: [String: String] = [:]) throws -> ProgramRun {
    let output = try Capture()
    let words = try Capture()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, output.descriptor, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, words.descriptor, STDERR_FILENO)

    let named = Program.environment.merging(extra) { $1 }.map { "\($0)=\($1)" }
    var argv: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    var names: [UnsafeMutablePointer<CChar>?] = named.map { strdup($0) } + [nil]
    defer { for word in argv + names { free(word) } }

    var process = pid_t()
    let started = Clock.now()
    let refused = posix_spawn(&process, path, &actions, nil, &argv, &names)
    guard refused == 0 else {
      throw Failure(description: "\(path) cannot be started: \(String(cString: strerror(refused)))")
    }
    let memory = MemoryWatch(process)
    var status: Int32 = 0
    var usage = rusage()
    while wait4(process, &status, 0, &usage) < 0 && errno == EINTR {}
    let seconds = Clock.now() - started

    let run = ProgramRun(
      output: output.text(), words: words.text(),
      status: status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + status & 0x7f,
      seconds: seconds,
      processorSeconds: Clock.seconds(usage.ru_utime) + Clock.seconds(usage.ru_stime),
      peakMemory: memory.end())
    guard run.status <= 1 else {
      throw Failure(
        description: "fhirline \(arguments.joined(separator: " "))\nended with \(run.status): \(run.words)")
    }
    return run
  }

  private static var environment: [String: String] {
    var found: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      // A configuration of the user's own would change what is measured.
      if parts.count == 2, !parts[0].hasPrefix("FHIRLINE_") { found[String(parts[0])] = String(parts[1]) }
      entry += 1
    }
    return found
  }
}

/// A file without a name that takes what a program writes.
private final class Capture {
  let descriptor: Int32

  init() throws {
    var template = Array("/tmp/fhirline-bench-XXXXXX".utf8CString)
    descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw Program.Failure(description: "no temporary file can be made in /tmp") }
    unlink(template)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  deinit { close(descriptor) }

  func text() -> String {
    let size = Int(lseek(descriptor, 0, SEEK_END))
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { room, count in
      count = max(0, pread(descriptor, room.baseAddress, size, 0))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Seconds of a clock that only runs forward.
enum Clock {
  static func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  static func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
}
