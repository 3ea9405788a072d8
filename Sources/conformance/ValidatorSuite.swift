import FHIRModel
import Foundation

/// HL7's validator cases: the project's table of them (`cases.tsv`), or the public repository's `manifest.json`.
struct ValidatorSuite: Suite {
  let name = "validator"
  let title = "HL7's validator cases (FHIR/fhir-test-cases)"
  private let cases: [ValidatorCase]

  init?(_ folder: URL) throws {
    for folder in [folder.appending(path: "validator"), folder] {
      if let table = try? String(contentsOf: folder.appending(path: "cases.tsv"), encoding: .utf8) {
        cases = ValidatorSuite.cases(table: table, folder)
        return
      }
      if let manifest = try? Data(contentsOf: folder.appending(path: "manifest.json")) {
        cases = try ValidatorManifest.cases(manifest, folder)
        return
      }
    }
    return nil
  }

  func run(matching text: String?) -> [CaseResult] {
    cases.filter { text == nil || $0.id.contains(text ?? "") }.map(run)
  }

  private func run(_ test: ValidatorCase) -> CaseResult {
    let world = ValidatorWorld(test)
    let issues =
      (try? Data(contentsOf: test.file)).map { world.findings($0, name: test.file.lastPathComponent) }
      ?? [FHIRModel.Issue(.fatal, .inputUnreadable, at: "", position: nil, "the file is missing")]
    let errors = issues.filter { $0.severity >= .error }
    let isValid = errors.isEmpty
    let actual = Set(errors.map { Expressions.normalised($0.expression) })
    var checks = [
      CaseResult.Check(
        name: "verdict", passed: isValid == test.expected.isValid,
        why: isValid ? "errors were expected" : "no errors were expected: " + names(errors))
    ]
    if !test.expected.isValid {
      let expected = test.expected.errorExpressions
      let missing = expected.subtracting(actual).sorted()
      let extra = actual.subtracting(expected).sorted()
      checks.append(
        CaseResult.Check(
          name: "expressions", passed: !isValid && Expressions.agree(expected, actual),
          why: "missing: \(missing.joined(separator: " ")); unexpected: \(extra.joined(separator: " "))"))
    }
    return CaseResult(
      id: test.id, group: test.group, checks: checks,
      details: ["expected:"] + test.expected.lines.map { "  " + $0 } + ["found:"]
        + issues.map { "  \($0.severity): \($0.expression): \($0.message) [\($0.rule.code)]" }
        + ["file: \(test.file.path)"] + test.supporting.map { "supporting: \($0.path)" }
        + (test.profile.map { ["profile: \($0.path)"] } ?? []) + world.troubles)
  }

  private func names(_ errors: [FHIRModel.Issue]) -> String {
    errors.prefix(3).map { "\($0.rule.code) at \($0.expression)" }.joined(separator: ", ")
  }

  // MARK: Reading

  /// The table's columns are named by its first line.
  private static func cases(table: String, _ folder: URL) -> [ValidatorCase] {
    let lines = table.split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    guard let names = lines.first else { return [] }
    let input = folder.appending(path: "input")
    return lines.dropFirst().compactMap { fields in
      var row: [String: String] = [:]
      for (name, field) in zip(names, fields) { row[name] = field }
      guard let name = row["case"], let kind = row["kind"], let file = row["file"],
        let expected = ValidatorCase.Expectation(
          manifest: row["expected_outcome"] ?? "", outcomes: folder.appending(path: "outcomes"))
      else { return nil }
      let supporting = row["supporting"]?.split(separator: ";").map { input.appending(path: $0) } ?? []
      let profile = row["profile"].flatMap { $0.isEmpty ? nil : input.appending(path: $0) }
      return ValidatorCase(
        name: name, kind: kind, group: "tier \(row["tier"] ?? "?")", file: input.appending(path: file),
        supporting: supporting, profile: profile, expected: expected)
    }
  }
}
