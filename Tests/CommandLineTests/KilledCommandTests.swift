import BSON
import Foundation
import Testing

/// Commands other than `import` that are killed, or told to stop, at random moments: run again they leave what one run leaves that
/// nobody disturbed, and no file besides.
///
/// `make torture` does it more often.
@Suite(.enabled(if: Workspace.hasMongoDB && Wire.testServer != nil)) struct KilledCommandTests {
  private static let times =
    ProcessInfo.processInfo.environment["FHIRLINE_TORTURE"].flatMap { Int($0) }.map { max(4, $0 / 3) } ?? 4

  private func load(_ file: String, into target: Workspace) throws {
    let outcome = try Program.run(
      [
        // One worker sets aside in the order of the inputs, so that all begin alike.
        "import", file, "--workers", "1", "--quiet", "--no-progress", "--quarantine",
        target.path("quarantine.ndjson"),
      ],
      environment: ["FHIRLINE_DATABASE": target.database])
    #expect(outcome.status < 2, "\(outcome.errors)")
  }

  private static func observation(_ number: Int, of patient: String, status: String = "final") -> String {
    #"{"resourceType":"Observation","id":"o\#(number)","status":"\#(status)","code":{"text":"x"},"#
      + #""subject":{"reference":"Patient/\#(patient)"},"valueInteger":\#(number)}"#
  }

  private static func appointment(_ number: Int, of patient: Int) -> String {
    let day = String(format: "2024-03-%02dT10:00:00Z", number % 28 + 1)
    return
      #"{"resourceType":"Appointment","id":"a\#(number)","status":"booked","start":"\#(day)","end":"\#(day)","#
      + #""participant":[{"actor":{"reference":"Patient/p\#(patient)"},"status":"accepted"},"#
      + #"{"actor":{"reference":"Practitioner/d\#(number % 3)"},"status":"accepted"}]}"#
  }

  @Test func `a replay`() throws {
    let input = try Workspace()
    // Patients that will be corrected, observations that will not, and entries of a transaction that will.
    var lines = (0..<60).map {
      #"{"resourceType":"Patient","id":"p\#($0)","gender":"\#($0.isMultiple(of: 2) ? "wrong" : "male")"}"#
    }
    lines += (0..<120).map {
      Self.observation($0, of: "p\($0 / 2)", status: $0.isMultiple(of: 20) ? "never" : "final")
    }
    try input.write("in/lines.ndjson", lines.joined(separator: "\n") + "\n")
    let entries = (0..<10).map {
      #"{"resource":{"resourceType":"Patient","id":"t\#($0)","gender":"\#($0 == 3 ? "wrong" : "male")"},"#
        + #""request":{"method":"PUT","url":"Patient/t\#($0)"}}"#
    }
    try input.write(
      "in/transaction.json",
      #"{"resourceType":"Bundle","type":"transaction","entry":[\#(entries.joined(separator: ","))]}"#)
    try KilledCommand(
      name: "replay", leavings: .files, statuses: [1],
      prepare: { target in
        try load(input.path("in"), into: target)
        let text = try target.read("quarantine.ndjson")
        #expect(text.split(separator: "\n").count == 46)
        try target.write("quarantine.ndjson", text.replacing(#""gender":"wrong""#, with: #""gender":"male""#))
      },
      arguments: { ["quarantine", "replay", "--file", $0.path("quarantine.ndjson"), "--no-progress"] }
    ).disturb(times: Self.times)
  }

  @Test func `repairs`() throws {
    let input = try Workspace()
    var lines = (0..<40).map { #"{"resourceType":"Patient","id":"p\#($0)"}"# }
    lines += (0..<3).map { #"{"resourceType":"Practitioner","id":"d\#($0)"}"# }
    lines += (0..<120).map { Self.appointment($0, of: $0 / 3) }
    let file = try input.write("in.ndjson", lines.joined(separator: "\n") + "\n")
    try KilledCommand(
      name: "doctor", leavings: .nothing, statuses: [0],
      prepare: { target in
        try load(file, into: target)
        for number in 0..<40 where !number.isMultiple(of: 3) {
          try target.set(
            "appointments", to: [.string("a\(number)"), "ghost"], of: .string("p\(number)"), in: "patient")
        }
        for number in 0..<40 where number.isMultiple(of: 5) {
          try target.set("last_appointment_id", to: "a0", of: .string("p\(number)"), in: "patient_chart")
          try target.delete("a\(number * 3)", from: "appointment")
        }
        try target.set("appointments", to: [], of: "d1", in: "provider")
      },
      arguments: { _ in ["doctor", "--fix", "--no-progress"] }
    ).disturb(times: Self.times)
  }

  @Test func `a database that is set up`() throws {
    try KilledCommand(
      name: "init", leavings: .setUp, statuses: [0],
      prepare: { target in
        // Documents that no validator likes, an index and a validator of others.
        try target.insert(
          (0..<50).map { ["_id": .int32($0), "name": ["a", "b"], "date_of_birth": "1980"] }, into: "patient")
        try target.command(["create": "provider", "validator": ["npi": ["$ne": 0]]])
      },
      arguments: { _ in ["init", "--validation", "error"] }
    ).disturb(times: Self.times)
  }

  @Test(arguments: ["ndjson", "bundle"]) func `an export`(format: String) throws {
    let input = try Workspace()
    var lines = (0..<300).map { #"{"resourceType":"Patient","id":"p\#($0)","gender":"male"}"# }
    lines += (0..<3000).map { Self.observation($0, of: "p\($0 / 10)") }
    lines += (0..<100).map { Self.appointment($0, of: $0) }
    lines += (0..<3).map { #"{"resourceType":"Practitioner","id":"d\#($0)"}"# }
    let file = try input.write("in.ndjson", lines.joined(separator: "\n") + "\n")
    // One database for all: an export changes nothing.
    let source = try Workspace()
    try load(file, into: source)
    try KilledCommand(
      name: "export " + format, leavings: .files, statuses: [0], prepare: { _ in },
      arguments: { target in
        let out = target.path(format == "ndjson" ? "out" : "all.json")
        return ["export", "--database", source.database, "--format", format, "--out", out]
      }
    ).disturb(times: Self.times)
  }
}
