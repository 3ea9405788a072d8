package import FHIRModel

/// A finding as people read it, on one line: `file:line:column: …: expression: message [rule]`.
package enum FindingText {
  /// What a terminal line takes of an expression and of a message: hostile data has elements 10,000 levels deep, and
  /// names of megabytes.
  private static let longestExpression = 200
  private static let longestMessage = 600

  /// `file:line:column`, or the file alone.
  package static func place(_ issue: Issue, source: String) -> String {
    source + (issue.position.map { ":\($0.line):\($0.column)" } ?? "")
  }

  /// `Patient.contact[0].name: what is wrong`, without control characters, and cut where it would fill the terminal.
  package static func words(_ issue: Issue) -> String {
    let message = shortened(issue.message, to: longestMessage)
    // Many messages begin with the very element: it is not said twice.
    let words =
      issue.expression.isEmpty || message.hasPrefix(issue.expression + " ")
      ? message : shortened(issue.expression, to: longestExpression) + ": " + message
    return printable(words)
  }

  /// The whole finding, for standard error: `a.json:3:5: error: Patient.id: … [rule]`.
  package static func line(_ issue: Issue, source: String, kind: String? = nil) -> String {
    "\(place(issue, source: source)): \(kind ?? issue.severity.rawValue): \(words(issue)) [\(issue.rule.code)]"
  }

  /// The text less its middle, where it is longer than this many scalars.
  package static func shortened(_ text: String, to limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    let scalars = text.unicodeScalars
    guard let last = scalars.index(scalars.startIndex, offsetBy: limit, limitedBy: scalars.endIndex),
      last != scalars.endIndex
    else { return text }
    let head = scalars.index(scalars.startIndex, offsetBy: limit * 2 / 3)
    let tail = scalars.index(scalars.endIndex, offsetBy: -(limit / 3))
    return String(scalars[..<head]) + " … " + String(scalars[tail...])
  }

  /// Control characters as escapes: a name in a file must not command the terminal.
  package static func printable(_ text: String) -> String {
    // C1 controls are two bytes in UTF-8, the first of them C2.
    guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == 0xC2 }) else { return text }
    var result = ""
    for scalar in text.unicodeScalars {
      if scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) {
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
