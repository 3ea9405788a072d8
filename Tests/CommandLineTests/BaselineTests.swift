import Foundation
import Testing

/// Whoever has a thousand old findings wants to hear of new ones only.
@Suite struct BaselineTests {
  private static let bad = #"{"resourceType":"Patient","gender":"woman"}"#
  private static let worse = #"{"resourceType":"Patient","gender":"woman","birthDate":"1990-02-30"}"#

  @Test(arguments: ["ndjson", "json", "written"])
  func `only new findings fail`(format: String) throws {
    let workspace = try Workspace()
    let file = try workspace.write("p.ndjson", "\(Self.bad)\n\(Self.bad)\n")
    let baseline = workspace.path("baseline")
    if format == "written" {
      let outcome = try workspace.run("validate", file, "--write-baseline", baseline)
      #expect(outcome.status == 0 && outcome.errors.contains("2 errors"))
      #expect(
        try workspace.read("baseline")
          == "{\"source\":\"\(file)\",\"rule\":\"binding-required\",\"expression\":\"Patient.gender\",\"count\":2}\n"
      )
    } else {
      let outcome = try workspace.run("validate", file, "--format", format, "--output", baseline)
      #expect(outcome.status == 1)
    }
    let again = try workspace.run("validate", file, "--baseline", baseline)
    #expect(again.status == 0 && again.output.isEmpty)
    #expect(again.errors.contains("No findings (and 2 known before) in 2 resources"), "\(again.errors)")

    // Lines have come above, and the same faults are still the same.
    let clean = #"{"resourceType":"Patient"}"#
    try workspace.write("p.ndjson", "\(clean)\n\(clean)\n\(Self.bad)\n\(Self.worse)\n")
    let later = try workspace.run("validate", file, "--baseline", baseline, "--format", "ndjson")
    #expect(later.status == 1)
    #expect(try Finding.all(in: later.output).map(\.rule) == ["primitive-range"])

    // A third fault of the same kind is new.
    try workspace.write("p.ndjson", "\(Self.bad)\n\(Self.bad)\n\(Self.bad)\n")
    let more = try workspace.run("validate", file, "--baseline", baseline, "--format", "ndjson")
    #expect(try Finding.all(in: more.output).map(\.line) == [3])
  }

  @Test func `a file with no findings leaves an empty baseline`() throws {
    let workspace = try Workspace()
    let path = workspace.path("b.ndjson")
    #expect(try workspace.run("validate", "Samples/bulk", "--write-baseline", path).status == 0)
    #expect(try workspace.read("b.ndjson").isEmpty)
    #expect(try workspace.run("validate", "Samples/bulk", "--baseline", path).status == 0)
  }

  @Test(arguments: [
    ("{}\n", ":1: a finding was expected here"),
    ("\n{\"source\":1}\n", ":2: a finding was expected here"),
    ("[1]", ": a report of format json was expected here"),
    ("[{\"resourceType\":\"OperationOutcome\",\"issue\":[]}]", "does not tell its input"),
  ])
  func `a mistake in a baseline is told`(text: String, words: String) throws {
    let workspace = try Workspace()
    let path = try workspace.write("b.ndjson", text)
    let outcome = try workspace.run("validate", "Samples/bulk", "--baseline", path)
    #expect(
      outcome.status == 2 && outcome.errors.contains("\(path)\(words)") || outcome.errors.contains(words))
    let missing = try workspace.run("validate", "Samples/bulk", "--baseline", workspace.path("no.ndjson"))
    #expect(missing.status == 2 && missing.errors.contains("--write-baseline"))
  }

  @Test func `suppressions cover findings until they expire`() throws {
    let workspace = try Workspace()
    let file = try workspace.write("p.ndjson", "\(Self.bad)\n\(Self.worse)\n")
    let suppressions = try workspace.write(
      "s.yml",
      """
      suppressions:
        - rule: binding-required
          path: Patient.gender
          reason: Ticket 4711.
        - rule: primitive-range
          reason: Old data.
          expires: 2020-01-31
        - rule: unknown-element
          path: Patient.birthdate
          reason: Gone by now.
      """)
    let outcome = try workspace.run("validate", file, "--suppress", suppressions, "--format", "ndjson")
    #expect(outcome.status == 1)
    #expect(try Finding.all(in: outcome.output).map(\.rule) == ["primitive-range"])
    #expect(outcome.errors.contains("1 error, 0 warnings (and 2 suppressed)"))
    #expect(
      outcome.errors.contains(
        "\(suppressions):5: warning: this suppression expired on 2020-01-31: what it covered counts again (1 finding)"
      ))
    #expect(outcome.errors.contains("\(suppressions):8: note: this suppression covers nothing: take it out"))

    // SARIF tells what was suppressed, and why.
    let sarif = try workspace.run("validate", file, "--suppress", suppressions, "--format", "sarif")
    let log = try JSONSerialization.jsonObject(with: Data(sarif.output.utf8)) as? [String: Any]
    let results = (log?["runs"] as? [[String: Any]])?.first?["results"] as? [[String: Any]] ?? []
    let reasons = results.compactMap { ($0["suppressions"] as? [[String: Any]])?.first }
    #expect(results.count == 3 && reasons.count == 2)
    #expect(reasons.allSatisfy { $0["justification"] as? String == "Ticket 4711." })
  }

  @Test func `a mistake in a file of suppressions ends the run before it begins`() throws {
    let workspace = try Workspace()
    let path = try workspace.write("s.yml", "suppressions:\n  - rule: x\n")
    let outcome = try workspace.run("validate", "Samples/bulk", "--suppress", path)
    #expect(outcome.status == 2 && outcome.errors.contains("\(path):2:5: the key reason is missing"))
  }
}
