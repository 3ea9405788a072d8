import BSON
import Foundation
import TestSupport
import Testing

/// Signals in the midst of work that writes files: nothing half stays behind, under no name, and what was there stays as it was.
@Suite struct InterruptionTests {
  private static let signals = [SIGINT, SIGTERM, SIGHUP]

  private func files(_ workspace: Workspace, _ folder: String) throws -> [String] {
    guard FileManager.default.fileExists(atPath: workspace.path(folder)) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: workspace.path(folder)).sorted()
  }

  @Test(arguments: signals) func `a conversion`(signal: Int32) throws {
    let workspace = try Workspace()
    let pipe = workspace.path("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    // Open for both, so that it neither waits for a reader nor ends.
    let writer = open(pipe, O_RDWR)
    defer { close(writer) }
    try workspace.write("out/kept.ndjson", "earlier")
    for name in ["new.ndjson", "kept.ndjson"] {
      let program = try ChildProcess(
        [Program.executable.path, "convert", "-", workspace.path("out/" + name)], input: pipe)
      let partial = workspace.path("out/\(name).part")
      while program.isRunning, !FileManager.default.fileExists(atPath: partial) { usleep(1000) }
      program.send(signal)
      #expect(program.wait() == 3)
    }
    #expect(try files(workspace, "out") == ["kept.ndjson"])
    #expect(try workspace.read("out/kept.ndjson") == "earlier")
  }

  /// What went out cannot be taken back, but be ended: whoever parses the report learns that it is not whole.
  @Test(arguments: ["json", "ndjson", "sarif", "junit", "html"])
  func `a report that others read already ends well-formed`(format: String) throws {
    let workspace = try Workspace()
    let pipe = workspace.path("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    // Open for both, so that it neither waits for a reader nor ends: the program waits for more when the signal comes.
    let writer = open(pipe, O_RDWR)
    defer { close(writer) }
    let line = #"{"resourceType":"Patient","id":"p","birthDate":"1970-13-01"}"# + "\n"
    _ = line.withCString { write(writer, $0, strlen($0)) }
    try workspace.write("whole.json", line)
    for signal in InterruptionTests.signals {
      let report = workspace.path("report")
      let program = try ChildProcess(
        [
          Program.executable.path, "validate", workspace.path("whole.json"), "-", "--format", format,
          "--max-issues", "1", "--quiet",
        ], input: pipe, output: report)
      // The first file is told by then, where the format tells anything before its end.
      while program.isRunning, try InterruptionTests.isUnread(pipe: writer) { usleep(1000) }
      usleep(200_000)
      program.send(signal)
      #expect(program.wait() == 3)
      let text = try workspace.read("report")
      switch format {
      case "json":
        let outcomes = try #require(
          try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
        let issues = outcomes.flatMap { $0["issue"] as? [[String: Any]] ?? [] }
        #expect(issues.last?["severity"] as? String == "fatal")
        #expect(issues.last?["code"] as? String == "incomplete")
      case "ndjson":
        #expect(
          text.split(separator: "\n").last?.contains(#""severity":"fatal","code":"incomplete""#) == true)
      case "sarif":
        let log = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let run = try #require((log["runs"] as? [[String: Any]])?.first)
        let invocation = try #require((run["invocations"] as? [[String: Any]])?.first)
        #expect(invocation["executionSuccessful"] as? Bool == false)
      case "junit":
        #expect(text.contains("type=\"stopped\"") && text.hasSuffix("  </testsuite>\n</testsuites>\n"))
      default:
        #expect(text.hasSuffix("</html>\n") && text.contains("stopped before the end"))
      }
      _ = line.withCString { write(writer, $0, strlen($0)) }
    }
    // A file is not there at all.
    try workspace.write("out/.kept", "")
    let program = try ChildProcess(
      [
        Program.executable.path, "validate", "-", "--format", format, "--output", workspace.path("out/file"),
      ],
      input: pipe)
    while program.isRunning, try !files(workspace, "out").contains("file.part") { usleep(1000) }
    program.send(SIGTERM)
    #expect(program.wait() == 3)
    #expect(try files(workspace, "out") == [".kept"])
  }

  private static func isUnread(pipe: Int32) throws -> Bool {
    var count: Int32 = 0
    try #require(ioctl(pipe, UInt(FIONREAD), &count) == 0)
    return count > 0
  }

  @Test(.enabled(if: Workspace.hasMongoDB && Wire.testServer != nil), arguments: ["ndjson", "bundle"])
  func `an export`(format: String) throws {
    let workspace = try Workspace()
    _ = try workspace.importFiles("Samples/clinic", "Samples/bulk")
    func start(_ folder: String, _ wire: Wire) throws -> RunningProgram {
      if format == "bundle" {
        try FileManager.default.createDirectory(
          atPath: workspace.path(folder), withIntermediateDirectories: true)
      }
      return try RunningProgram(
        [
          "export", "--quiet", "--overwrite", "--format", format, "--out",
          workspace.path(folder) + (format == "bundle" ? "/all.json" : ""),
        ], environment: ["FHIRLINE_DATABASE": workspace.database, "MONGODB_URI": wire.uri])
    }
    let undisturbed = try Wire(to: try #require(Wire.testServer))
    defer { undisturbed.close() }
    #expect(try start("whole", undisturbed).outcome().status == 0)
    let whole = try files(workspace, "whole")

    for (folder, signal) in zip(["one", "two", "whole"], InterruptionTests.signals) {
      // It waits for an answer to one of the last questions that it asks, with a part of the resources written.
      var isStopped = false
      for left in stride(from: 400, to: undisturbed.sent, by: 200) where !isStopped {
        let wire = try Wire(to: try #require(Wire.testServer))
        defer { wire.close() }
        wire.hold(afterBytes: undisturbed.sent - left)
        let program = try start(folder, wire)
        while program.isRunning, !wire.isHolding { usleep(1000) }
        for _ in 0..<100 where program.isRunning && !isStopped {
          usleep(10_000)
          isStopped = try files(workspace, folder).contains {
            $0.hasSuffix(format == "bundle" ? ".json.part" : ".ndjson.part")
          }
        }
        program.send(signal)
        wire.release()
        let outcome = try program.outcome()
        if isStopped {
          #expect(outcome.status == 3)
          #expect(try files(workspace, folder) == (folder == "whole" ? whole : []))
        } else if folder != "whole" {
          try? FileManager.default.removeItem(atPath: workspace.path(folder))
        }
      }
      #expect(isStopped)
    }
  }

  @Test(.enabled(if: Workspace.hasMongoDB && Wire.testServer != nil))
  func `an import that has only begun leaves no note`() throws {
    let workspace = try Workspace()
    let lines = (0..<20_000).map { #"{"resourceType":"Patient","id":"p\#($0)"}"# }
    let file = try workspace.write("in.ndjson", lines.joined(separator: "\n"))
    let wire = try Wire(to: try #require(Wire.testServer))
    defer { wire.close() }
    // Its note is held, and what else it asks, while it reads for the first time.
    wire.hold(afterBytes: 1200)
    let program = try RunningProgram(
      ["import", file, "--no-progress", "--quarantine", workspace.path("q")],
      environment: ["FHIRLINE_DATABASE": workspace.database, "MONGODB_URI": wire.uri])
    while program.isRunning, !wire.isHolding { usleep(300) }
    program.send(SIGINT)
    wire.release()
    let outcome = try program.outcome()
    #expect(outcome.status == 3, "\(outcome.errors)")
    let notes = try workspace.documents(in: "fhirline_run")
    if try workspace.documents(in: "patient").isEmpty {
      #expect(notes.isEmpty)
    } else {
      // It had read all for the first time.
      #expect(notes.count == 1 && notes[0]["stopped"] != nil)
    }
    let again = try workspace.importFiles(file)
    #expect(again.read == 20_000 && again.accounted == 20_000)
    #expect(try workspace.documents(in: "fhirline_run").count == 1)
  }
}
