/// Cases with expectations, from one source.
protocol Suite {
  /// As ids of results begin: `validator`.
  var name: String { get }
  /// For the page: what it is and where it comes from.
  var title: String { get }
  /// Runs the cases whose name contains the text; all if nil.
  func run(matching text: String?) -> [CaseResult]
}

/// What became of a case.
struct CaseResult {
  /// `validator/bundle-duplicate-id/base`
  let id: String
  let group: String
  var checks: [Check]
  /// What was expected and what came, side by side.
  var details: [String] = []

  /// One thing that a case looks at; a case may look at several.
  struct Check {
    /// `verdict`, `expressions`; the score is kept for each.
    let name: String
    let passed: Bool
    /// Why it failed, in a few words.
    var why = ""
  }

  var description: String {
    let marks = checks.map { "\($0.passed ? "pass" : "FAIL") \($0.name)" + ($0.passed ? "" : ": \($0.why)") }
    return ([id + "  (\(group))"] + marks.map { "  " + $0 } + details.map { "    " + $0 }).joined(
      separator: "\n")
  }
}
