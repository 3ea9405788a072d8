import BSON
import DocumentStore
import Foundation
import TestSupport
import Testing

/// A command on a database of its own, disturbed at random moments and run again, and compared with one that nobody disturbed.
struct KilledCommand {
  let name: String
  /// What is compared besides documents.
  enum Leavings { case files, setUp, nothing }

  let leavings: Leavings
  /// The exit codes of a run that comes to its end, whatever came before.
  let statuses: Set<Int32>
  /// Makes the database and the files that the command finds.
  let prepare: (Workspace) throws -> Void
  let arguments: (Workspace) -> [String]

  private struct Result: Equatable {
    var documents: [String: [BSONDocument]]
    var files: [String: Data]
    var setUp: [String: [BSONFields]]
  }

  private func start(_ target: Workspace, uri: String? = nil) throws -> RunningProgram {
    var environment = ["FHIRLINE_DATABASE": target.database]
    environment["MONGODB_URI"] = uri
    return try RunningProgram(arguments(target) + ["--quiet"], environment: environment)
  }

  private func result(_ target: Workspace) throws -> Result {
    var result = Result(documents: try Torture.contents(of: target.database), files: [:], setUp: [:])
    if leavings == .files {
      for name in try FileManager.default.subpathsOfDirectory(atPath: target.folder.path) {
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: target.path(name), isDirectory: &isFolder)
        if !isFolder.boolValue {
          result.files[name] = try Data(contentsOf: target.folder.appending(path: name))
        }
      }
    }
    if leavings == .setUp {
      let reply = try target.command(["listCollections": 1])
      for collection in reply["cursor"]?.fields?["firstBatch"]?.elements ?? [] {
        guard let fields = collection.fields, let name = fields["name"]?.text else { continue }
        let indexes = try target.command(["listIndexes": .string(name)])["cursor"]?.fields?["firstBatch"]
        result.setUp[name] =
          [fields["options"]?.fields ?? [:]]
          + (indexes?.elements ?? []).compactMap(\.fields).sorted {
            ($0["name"]?.text ?? "") < ($1["name"]?.text ?? "")
          }
      }
    }
    return result
  }

  /// Disturbs it so often, and expects each time that another run does the rest.
  func disturb(times: Int) throws {
    var random = SeededGenerator.ofTest(name)
    let server = try #require(Wire.testServer)
    let undisturbed = try Workspace()
    try prepare(undisturbed)
    let wire = try Wire(to: server)
    defer { wire.close() }
    let started = Date()
    let outcome = try start(undisturbed, uri: wire.uri).outcome()
    let (seconds, bytes) = (Date().timeIntervalSince(started), wire.sent)
    try #require(statuses.contains(outcome.status), "\(outcome.errors)")
    let whole = try result(undisturbed)
    for number in 0..<times {
      let target = try Workspace()
      try prepare(target)
      let signal = [SIGKILL, SIGKILL, SIGINT, SIGKILL, SIGTERM][number % 5]
      // One part of the run after another.
      let share = (Double(number) + Double.random(in: 0..<1, using: &random)) / Double(times)
      let isByTime = number % 4 == 3
      let wire = try Wire(to: server)
      defer { wire.close() }
      if !isByTime { wire.hold(afterBytes: Int(Double(bytes) * share)) }
      let program = try start(target, uri: wire.uri)
      if isByTime {
        Thread.sleep(forTimeInterval: seconds * share)
      } else {
        while program.isRunning, !wire.isHolding { usleep(300) }
      }
      program.send(signal)
      // What a program has handed over goes on its way after its end, or is lost with its machine.
      if signal != SIGKILL || Bool.random(using: &random) { wire.release() }
      let disturbed = try program.outcome()
      let label: Comment =
        "\(name), seed \(SeededGenerator.seed), number \(number): signal \(signal) after \(share) of \(isByTime ? "\(seconds) s" : "\(bytes) bytes"), exit \(disturbed.status)\n\(disturbed.errors)"
      // Stopped, or done before.
      let expected = statuses.union(signal == SIGKILL ? [128 + SIGKILL] : [3, 128 + signal])
      #expect(expected.contains(disturbed.status), label)
      let again = try start(target).outcome()
      #expect(statuses.contains(again.status), "\(label)\n\(again.errors)")
      try compare(try result(target), whole, label)
    }
  }

  private func compare(_ found: Result, _ whole: Result, _ label: Comment) throws {
    if whole.documents["fhirline_run"] != nil { try Torture.compare(found.documents, whole.documents, label) }
    #expect(found.files.keys.sorted() == whole.files.keys.sorted(), label)
    for (name, bytes) in whole.files { #expect(found.files[name] == bytes, "\(name): \(label)") }
    #expect(found.setUp.keys.sorted() == whole.setUp.keys.sorted(), label)
    for (name, options) in whole.setUp { #expect(found.setUp[name] == options, "\(name): \(label)") }
  }
}
