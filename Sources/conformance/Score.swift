import Foundation

/// How many checks passed, by suite and group.
struct Score {
  private struct Line {
    let suite: String
    let group: String
    let check: String
    var passed = 0
    var total = 0
  }

  private var titles: [(name: String, title: String)] = []
  private var groups: [Line] = []
  private(set) var checks: [(id: String, check: CaseResult.Check)] = []

  mutating func add(_ suite: any Suite, _ results: [CaseResult]) {
    titles.append((suite.name, suite.title))
    for result in results {
      for check in result.checks {
        checks.append((result.id, check))
        count(check, of: suite.name, group: result.group)
      }
    }
  }

  private mutating func count(_ check: CaseResult.Check, of suite: String, group: String) {
    let index =
      groups.firstIndex { $0.suite == suite && $0.group == group && $0.check == check.name }
      ?? {
        groups.append(Line(suite: suite, group: group, check: check.name))
        return groups.count - 1
      }()
    groups[index].total += 1
    if check.passed { groups[index].passed += 1 }
  }

  /// The totals of one suite, by check, in the order met.
  private func totals(of suite: String) -> [Line] {
    var totals: [Line] = []
    for line in groups where line.suite == suite {
      if let index = totals.firstIndex(where: { $0.check == line.check }) {
        totals[index].passed += line.passed
        totals[index].total += line.total
      } else {
        totals.append(
          Line(suite: suite, group: "all", check: line.check, passed: line.passed, total: line.total))
      }
    }
    return totals
  }

  /// For the terminal.
  var table: String {
    let lines = titles.flatMap { suite in
      totals(of: suite.name) + groups.filter { $0.suite == suite.name }.sorted { $0.group < $1.group }
    }
    return lines.map { line in
      let name = "\(line.suite) \(line.group) \(line.check)"
      let gap = String(repeating: " ", count: max(2, 50 - name.count))
      return name + gap + "\(line.passed) of \(line.total)"
    }.joined(separator: "\n")
  }

  /// docs/conformance.md.
  func page(_ verdict: ExpectedFailures.Verdict) -> String {
    var text = """
      # Conformance

      Written by `make conformance`, which runs the suites and fails on an unexpected failure and on an unexpected pass.
      `SUITES=folder` names other suites: a clone of https://github.com/FHIR/fhir-test-cases will do. What fails is in
      [expected-failures.txt](../Tests/Conformance/expected-failures.txt), with the reason for each.

      """
    for suite in titles {
      text += "\n## \(suite.title)\n\n| group | check | passed | of | |\n|---|---|--:|--:|--:|\n"
      let lines =
        groups.filter { $0.suite == suite.name }.sorted { ($0.group, $0.check) < ($1.group, $1.check) }
        + totals(of: suite.name)
      for line in lines {
        text += "| \(line.group) | \(line.check) | \(line.passed) | \(line.total) | \(percent(line)) |\n"
      }
    }
    if !verdict.expected.isEmpty {
      text += "\n## Disagreements\n\n"
      for (id, reason) in verdict.expected { text += "- `\(id)`: \(reason)\n" }
    }
    return text
  }

  private func percent(_ line: Line) -> String {
    let tenths = (line.passed * 1000) / max(1, line.total)
    return "\(tenths / 10).\(tenths % 10) %"
  }
}
