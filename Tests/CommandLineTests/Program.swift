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

    var lines: [Substring] { output.split(separator: "\n") }
  }

  /// Runs the program, in the package's top folder unless told, and gives what it said.
  static func run(
    _ arguments: [String], environment: [String: String] = [:], input: Data = Data(),
    in workingFolder: URL = folder, program: URL = executable
  ) throws -> Outcome {
    let scratch = FileManager.default.temporaryDirectory.appending(path: "fhirline-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    // Files, not pipes: whatever the program writes, it never waits for this process to read.
    let paths = ["in", "out", "err"].map { scratch.appending(path: $0) }
    try input.write(to: paths[0])

    let status = try ChildProcess(
      [program.path] + arguments,
      environment: ProcessInfo.processInfo.environment.merging(environment) { $1 },
      in: workingFolder.path, input: paths[0].path, output: paths[1].path, errors: paths[2].path
    ).wait()
    return Outcome(
      // A crash is no exit code: it is told apart as a shell does.
      status: status,
      output: String(decoding: try Data(contentsOf: paths[1]), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: paths[2]), as: UTF8.self))
  }
}
