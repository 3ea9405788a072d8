import FHIRModel

/// NDJSON: one flat object per finding.
struct LinesReport: FindingReport {
  private let context: ReportContext

  init(_ context: ReportContext) { self.context = context }

  func begin(input: Int) {}

  func add(_ finding: Finding) {
    let issue = finding.issue
    let object = JSONText.object([
      ("source", JSONText.quoted(context.name(finding))),
      ("line", issue.position.map { String($0.line) } ?? "null"),
      ("column", issue.position.map { String($0.column) } ?? "null"),
      ("expression", JSONText.quoted(issue.expression)),
      ("severity", JSONText.quoted(issue.severity.rawValue)),
      ("code", JSONText.quoted(issue.rule.issueType.rawValue)),
      ("rule", JSONText.quoted(issue.rule.code)),
      ("message", JSONText.quoted(issue.message)),
    ])
    context.emit(object + "\n")
  }

  func end(_ tally: ValidateRun.Tally) {}
}
