import Foundation
import Testing

/// `Samples/` is what a newcomer sees first: what it calls valid is valid, and what it calls broken is found.
@Suite struct SamplesTests {
  @Test func validSamplesHaveNoFindings() throws {
    let outcome = try Program.run(["validate", "Samples/clinic", "Samples/bulk"])
    #expect(outcome.output == "")
    #expect(outcome.status == 0)
    #expect(outcome.errors.contains("73 resources of 13 files"))
  }

  /// Every fault of a file, as line and rule; a finding more or less fails.
  @Test(arguments: [
    ("cut-off.json", ["11 json-syntax"]),
    (
      "empty-values.json",
      ["4 element-empty", "5 array-empty", "6 string-empty", "8 primitive-range", "9 null-value"]
    ),
    (
      "missing-parts.json",
      [
        "1 cardinality-min", "5 reference-syntax", "6 reference-target", "7 value-kind", "8 choice-multiple",
        "9 cardinality-min",
      ]
    ),
    ("not-utf-8.json", ["4 encoding-utf8"]),
    ("one-bad-line.ndjson", ["2 json-syntax"]),
    ("out-of-order.xml", ["5 xml-element-order", "7 xml-element-order", "9 unknown-element", "10 xml-text"]),
    ("same-key-twice.json", ["6 json-duplicate-key"]),
    (
      "visit-without-end.json",
      ["1 app-2", "1 app-3", "1 app-4", "5 primitive-format", "8 binding-required", "9 reference-target"]
    ),
    ("with-doctype.xml", ["2 xml-doctype"]),
    ("wrong-type.json", ["1 resource-type"]),
    (
      "wrong-values.json",
      [
        "3 primitive-format", "4 value-kind", "5 array-expected", "6 binding-required", "7 binding-required",
        "8 unknown-element", "9 primitive-range", "11 choice-multiple", "12 primitive-format",
      ]
    ),
  ])
  func everyFaultIsFoundAtItsLine(file: String, faults: [String]) throws {
    let outcome = try Program.run(["validate", "Samples/broken/\(file)", "--format", "ndjson"])
    let found = try Finding.all(in: outcome.output).map { finding in
      #expect(finding.severity == "error" || finding.severity == "fatal")
      return "\(finding.line) \(finding.rule)"
    }
    #expect(found == faults)
    #expect(outcome.status == 1)
  }

  @Test func everyBrokenSampleIsTested() throws {
    let files = try FileManager.default.contentsOfDirectory(
      atPath: Program.folder.appending(path: "Samples/broken").path)
    #expect(files.count == 11)
  }
}
