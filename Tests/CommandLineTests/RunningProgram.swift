import Foundation

/// The built program while it runs, for tests that send it signals or look at it.
final class RunningProgram {
  private let process = Process()
  private let scratch: URL

  init(_ arguments: [String], environment: [String: String] = [:]) throws {
    scratch = FileManager.default.temporaryDirectory.appending(path: "fhirline-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    let paths = ["out", "err"].map { scratch.appending(path: $0) }
    for path in paths { try Data().write(to: path) }
    process.executableURL = Program.executable
    process.arguments = arguments
    process.currentDirectoryURL = Program.folder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: paths[0])
    process.standardError = try FileHandle(forWritingTo: paths[1])
    try process.run()
  }

  deinit {
    if process.isRunning { Foundation.kill(process.processIdentifier, SIGKILL) }
    try? FileManager.default.removeItem(at: scratch)
  }

  var isRunning: Bool { process.isRunning }

  /// Its command line as every user of the machine may see it.
  var commandLine: String? {
    (try? Data(contentsOf: URL(filePath: "/proc/\(process.processIdentifier)/cmdline")))
      .map { String(decoding: $0, as: UTF8.self) }
  }

  func send(_ signal: Int32) { Foundation.kill(process.processIdentifier, signal) }

  /// Waits for its end. The status of one that a signal ended is 128 and the signal, as a shell has it.
  func outcome() throws -> Program.Outcome {
    process.waitUntilExit()
    let crash: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
    func text(_ name: String) throws -> String {
      String(decoding: try Data(contentsOf: scratch.appending(path: name)), as: UTF8.self)
    }
    return Program.Outcome(
      status: process.terminationStatus + crash, output: try text("out"), errors: try text("err"))
  }
}
