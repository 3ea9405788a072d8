import Foundation
import TestSupport
import Testing

/// A disk of a few megabytes, in a mount namespace of its own: only processes that are started through it see it, and it goes
/// with the last of them.
final class SmallDisk {
  private let folder: String
  private let holder: ChildProcess

  /// Not every machine lets its users mount: some containers do not.
  static let isPossible: Bool = {
    let folder = FileManager.default.temporaryDirectory.appending(path: "fhirline-disk-" + UUID().uuidString)
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    guard let process = try? start(["sh", "-c", mount("1m", folder.path)], inNamespace: true) else {
      return false
    }
    return process.wait() == 0 && hasNsenter
  }()

  private static var hasNsenter: Bool {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/nsenter") }
  }

  init(folder: String, size: String) throws {
    self.folder = folder
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let ready = folder + ".ready"
    holder = try SmallDisk.start(
      ["sh", "-c", SmallDisk.mount(size, folder) + " && : >\(ready) && exec sleep 3600"], inNamespace: true)
    while !FileManager.default.fileExists(atPath: ready) {
      try #require(holder.isRunning, "no disk could be mounted")
      usleep(10_000)
    }
  }

  private static func mount(_ size: String, _ folder: String) -> String {
    "mount -t tmpfs -o size=\(size) tmpfs '\(folder)'"
  }

  private static func start(_ command: [String], inNamespace: Bool) throws -> ChildProcess {
    try ChildProcess(
      (inNamespace ? ["unshare", "--user", "--map-root-user", "--mount"] : []) + command)
  }

  /// What to put before a command so that it sees the disk.
  var launcher: [String] {
    ["nsenter", "--preserve-credentials", "--user", "--mount", "--target", "\(holder.number)"]
  }

  func resize(to size: String) throws {
    let process = try SmallDisk.start(
      launcher + ["mount", "-o", "remount,size=\(size)", folder], inNamespace: false)
    try #require(process.wait() == 0)
  }

  /// Runs the program where it sees the disk.
  func run(
    _ arguments: [String], environment: [String: String] = [:], input: Data = Data()
  ) throws -> Program.Outcome {
    try Program.run(
      launcher + ["--wd=\(Program.folder.path)", Program.executable.path] + arguments,
      environment: environment, input: input, program: URL(filePath: "/usr/bin/env"))
  }

  /// Runs a line of shell where it sees the disk, and gives what it wrote.
  func shell(_ script: String) throws -> String {
    try Program.run(launcher + ["sh", "-c", script], program: URL(filePath: "/usr/bin/env")).output
  }
}
