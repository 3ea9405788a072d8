/// One finding about data: what is wrong, where, and which rule says so.
///
/// Bad data is always an `Issue`, never a thrown error. `message` names elements and rules, never a value, unless the
/// user asked for values.
package struct Issue: Hashable, Sendable {
  package var severity: Severity
  package var rule: Rule
  /// FHIRPath of the element: `Patient.contact[0].name`.
  package var expression: String
  /// nil where the tree came from no file.
  package var position: SourcePosition?
  package var message: String

  package init(
    _ severity: Severity, _ rule: Rule, at expression: String, position: SourcePosition?, _ message: String
  ) {
    self.severity = severity
    self.rule = rule
    self.expression = expression
    self.position = position
    self.message = message
  }

  /// See http://hl7.org/fhir/R4/valueset-issue-severity.html
  package enum Severity: String, Sendable, Comparable, CaseIterable {
    case information, warning, error, fatal

    package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }

    private var rank: Int {
      switch self {
      case .information: 0
      case .warning: 1
      case .error: 2
      case .fatal: 3
      }
    }
  }
}
