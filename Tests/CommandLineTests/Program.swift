import Foundation

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
    for path in paths[1...] { try Data().write(to: path) }

    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.currentDirectoryURL = workingFolder
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    process.standardInput = try FileHandle(forReadingFrom: paths[0])
    process.standardOutput = try FileHandle(forWritingTo: paths[1])
    process.standardError = try FileHandle(forWritingTo: paths[2])
    try process.run()
    process.waitUntilExit()
    // A crash is no exit code: it is told apart as a shell does.
    let crash: Int32 = process.terminationReason == .uncaughtSignal ? 128 : 0
    return Outcome(
      status: process.terminationStatus + crash,
      output: String(decoding: try Data(contentsOf: paths[1]), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: paths[2]), as: UTF8.self))
  }
}
