import FHIRModel

/// What converting finds wrong: the first of it as lines, and how much there is in all.
package struct ConvertFindings: Sendable {
  private static let shown = 50

  package private(set) var lines: [String] = []
  package private(set) var count = 0
  package private(set) var hasErrors = false

  /// Those that are not shown.
  package var others: Int { count - lines.count }

  mutating func add(_ issues: [Issue], source: String) {
    for issue in issues {
      hasErrors = hasErrors || issue.severity >= .error
      add(FindingText.line(issue, source: source))
    }
  }

  /// Takes over what was found in another file.
  mutating func add(_ other: ConvertFindings) {
    hasErrors = hasErrors || other.hasErrors
    count += other.count
    lines += other.lines.prefix(ConvertFindings.shown - lines.count)
  }

  mutating func add(failure message: String) {
    hasErrors = true
    add(message)
  }

  private mutating func add(_ line: @autoclosure () -> String) {
    count += 1
    if lines.count < ConvertFindings.shown { lines.append(line()) }
  }
}
