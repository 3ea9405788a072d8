import Foundation
import TestSupport
import Testing

/// What the program does about its surroundings before it does anything else.
@Suite struct StartTests {
  /// A program that waits for more of a pipe, started with some of its standard streams closed.
  private func start(closing: String, _ workspace: Workspace) throws -> (ChildProcess, pipe: Int32) {
    let pipe = workspace.path("pipe" + UUID().uuidString)
    try #require(mkfifo(pipe, 0o600) == 0)
    // Open for both, so that it neither waits for a reader nor ends.
    let writer = open(pipe, O_RDWR)
    let program = try ChildProcess([
      "sh", "-c", "exec '\(Program.executable.path)' validate '\(pipe)' --output '\(pipe).json' \(closing)",
    ])
    // From then on it reads.
    while program.isRunning, !FileManager.default.fileExists(atPath: pipe + ".json.part") { usleep(1000) }
    return (program, writer)
  }

  @Test func `no file gets the number of a standard stream that is closed`() throws {
    let workspace = try Workspace()
    let (program, pipe) = try start(closing: "<&- >&- 2>&-", workspace)
    defer { close(pipe) }
    for stream in 0...2 {
      let target = try FileManager.default.destinationOfSymbolicLink(
        atPath: "/proc/\(program.number)/fd/\(stream)")
      #expect(target == "/dev/null", "\(stream)")
    }
    program.send(SIGKILL)
    program.wait()
  }

  @Test func `a closed stream is an error only to who needs it`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("p.json", #"{"resourceType":"Patient","id":"p"}"#)
    for (arguments, closing, status) in [
      ("validate '\(file)'", "2>&-", 0), ("validate '\(file)' --output '\(file).txt'", ">&- 2>&-", 0),
      ("validate '\(file)' --format json", ">&-", 2), ("validate -", "<&-", 2), ("--version", ">&-", 2),
      ("--version", ">/dev/full", 3),
    ] {
      let process = try ChildProcess([
        "sh", "-c", "'\(Program.executable.path)' \(arguments) \(closing)",
      ])
      #expect(process.wait() == status, "\(arguments) \(closing)")
    }
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/shm"), "no shared memory to look into"))
  func `a program that is killed leaves nothing in shared memory`() throws {
    let workspace = try Workspace()
    let (program, pipe) = try start(closing: "", workspace)
    defer { close(pipe) }
    program.send(SIGKILL)
    program.wait()
    #expect(!FileManager.default.fileExists(atPath: "/dev/shm/mongoc-\(program.number)"))
  }
}
