import FHIRModel
import Testing

@testable import FHIRPipeline

/// A file of suppressions is read strictly, and covers what it says and nothing else.
@Suite struct SuppressionTests {
  @Test(arguments: [
    ("Patient.gender", true), ("Patient.*", true), ("*.gender", true), ("**.gender", true), ("**", true),
    ("Patient.**.gender", true), ("Bundle.entry.resource.gender", true), ("Pat*.gen*", true),
    ("Bundle.entry[3].resource.gender", true), ("Bundle.entry[4].resource.gender", false),
    ("Patient", false), ("gender", false), ("Patient.gender.extension", false), ("Observation.gender", false),
    ("Patient.*.gender", false), ("*", false), ("Patient.gend", false), ("", false),
  ])
  func `a path covers elements`(pattern: String, covers: Bool) {
    let finding = finding("Bundle.entry[3].resource.gender", type: "Patient")
    #expect(ElementPattern(pattern).matches(finding) == covers)
  }

  @Test func `a path covers choices and repeats`() {
    let finding = finding("Observation.component[1].value.ofType(Quantity).code", type: "Observation")
    for pattern in ["Observation.component.value.ofType(Quantity).code", "Observation.component.**.code"] {
      #expect(ElementPattern(pattern).matches(finding), "\(pattern)")
    }
  }

  @Test func `long patterns and paths take no time`() {
    let path = Array(repeating: "a", count: 2000).joined(separator: ".")
    let pattern = Array(repeating: "**.a", count: 200).joined(separator: ".") + ".b"
    #expect(!ElementPattern(pattern).matches(path))
    #expect(!Wildcard.matches(String(repeating: "*a", count: 200) + "b", String(repeating: "a", count: 5000)))
  }

  @Test func `rule and input limit what it covers`() throws {
    let text = """
      suppressions:
        - rule: binding-*
          path: Patient.gender
          source: legacy/*.json
          reason: Known.
          expires: 2026-12-31
      """
    let suppression = try #require(try SuppressionReader.parse(text, file: "s.yml").first)
    #expect(suppression.line == 2 && suppression.reason == "Known.")
    let finding = finding("Patient.gender", type: "Patient")
    #expect(suppression.covers(finding, source: "legacy/a/b.json"))
    #expect(suppression.covers(finding, source: "./legacy/a.json"))
    #expect(!suppression.covers(finding, source: "new/a.json"))
    var other = finding
    other.issue.rule = .unknownElement
    #expect(!suppression.covers(other, source: "legacy/a.json"))
    #expect(!suppression.isExpired(on: "2026-12-31") && suppression.isExpired(on: "2027-01-01"))
  }

  @Test(arguments: [
    ("suppressions:\n  - rule: a\n", "s.yml:2:5: the key reason is missing here: say why"),
    ("suppressions:\n  - reason: b\n", "s.yml:2:5: the key rule is missing here"),
    ("suppressions:\n  - rule: a\n    reason: b\n    until: c\n", "s.yml:4:5: there is no key `until` here"),
    ("suppressions:\n  - rule: a\n    reason: b\n    expires: 2026-02-30\n", "s.yml:4:14: expires: a date"),
    ("suppressions:\n  - rule: a\n    reason: b\n    expires: soon\n", "s.yml:4:14: expires: a date"),
    ("suppressions:\n  - rule: [a]\n    reason: b\n", "s.yml:2:11: rule: a text was expected"),
    ("suppressions:\n  - all\n", "s.yml:2:5: a suppression with rule and reason"),
    ("rules: []\n", "s.yml:1:1: a list under the one key suppressions"),
    ("suppressions:\n  - rule: 'a\n", "this is not valid YAML"),
  ])
  func `a mistake is told with its line`(text: String, words: String) {
    #expect {
      try SuppressionReader.parse(text, file: "s.yml")
    } throws: { error in
      (error as? PipelineFailure)?.message.contains(words) == true
    }
  }

  @Test func `an empty file suppresses nothing`() throws {
    #expect(try SuppressionReader.parse("", file: "s.yml").isEmpty)
    #expect(try SuppressionReader.parse("suppressions: []\n", file: "s.yml").isEmpty)
  }

  private func finding(_ expression: String, type: String) -> Finding {
    let issue = FHIRModel.Issue(.error, .bindingRequired, at: expression, position: nil, "")
    return Finding(issue, input: 0, resourceType: type)
  }
}
