import Foundation
import TestSupport

/// The built program, run as a user runs it.
enum Program {
  /// The package's top folder.
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// The program stands beside the bundle of the tests.
  static let executable = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    .appending(path: "fhirline")

  struct Outcome {
    var status: Int32
    var output: String
    var errors: String
    /// The most bytes of memory that it had, where that was asked for.
    var peak = 0

    var lines: [Substring] { output.split(separator: "\n") }
  }

  /// Runs the program, in the package's top folder unless told, and gives what it said.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], input: Data = Data(),
    in workingFolder: URL = folder, program: URL = executable, watchesMemory: Bool = false
  ) throws -> Outcome {
    let scratch = FileManager.default.temporaryDirectory.appending(path: "fhirline-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    // Files, not pipes: whatever the program writes, it never waits for this process to read.
    let paths = ["in", "out", "err"].map { scratch.appending(path: $0) }
    try input.write(to: paths[0])

    let process = try ChildProcess(
      [program.path] + arguments,
      environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
      in: workingFolder.path, input: paths[0].path, output: paths[1].path, errors: paths[2].path
    )
    var peak = 0
    while watchesMemory, process.isRunning {
      peak = max(peak, self.peak(of: process))
      usleep(2000)
    }
    return Outcome(
      // A crash is no exit code: it is told apart as a shell does.
      status: process.wait(),
      output: String(decoding: try Data(contentsOf: paths[1]), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: paths[2]), as: UTF8.self), peak: peak)
  }

  /// The most bytes of memory that a process has had (`VmHWM`): what the system tells at its end counts its parent's as well.
  private static func peak(of process: ChildProcess) -> Int {
    guard let status = try? String(contentsOfFile: "/proc/\(process.number)/status", encoding: .utf8),
      let line = status.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kilobytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
    else { return 0 }
    return kilobytes << 10
  }
}
