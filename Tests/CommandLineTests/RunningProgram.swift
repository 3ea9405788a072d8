import Foundation
import TestSupport

/// The built program while it runs, for tests that send it signals or look at it.
final class RunningProgram {
  private let process: ChildProcess
  private let scratch: URL

  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    let scratch = FileManager.default.temporaryDirectory.appending(path: "fhirline-" + UUID().uuidString)
    self.scratch = scratch
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    let paths = ["out", "err"].map { scratch.appending(path: $0) }
    process = try ChildProcess(
      [Program.executable.path] + arguments,
      environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
      in: Program.folder.path, output: paths[0].path, errors: paths[1].path)
  }

  deinit {
    process.send(SIGKILL)
    process.wait()
    try? FileManager.default.removeItem(at: scratch)
  }

  var isRunning: Bool { process.isRunning }

  /// Its command line as every user of the machine may see it.
  var commandLine: String? {
    (try? Data(contentsOf: URL(filePath: "/proc/\(process.number)/cmdline")))
      .map { String(decoding: $0, as: UTF8.self) }
  }

  func send(_ signal: Int32) { process.send(signal) }

  /// Waits for its end. The status of one that a signal ended is 128 and the signal, as a shell has it.
  func outcome() throws -> Program.Outcome {
    let status = process.wait()
    func text(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: scratch.appending(path: name)), as: UTF8.self)
    }
    return Program.Outcome(
      status: status, output: try text("out"), errors: try text("err"))
  }
}
