import FHIRModel

/// JSON: an array with one OperationOutcome per input.
struct OutcomeReport: FindingReport {
  static let sourceURL = "https://fhirline.dev/StructureDefinition/source"

  private let context: ReportContext
  private var inputs = 0
  private var current: Int?
  private var issuesOfCurrent = 0

  init(_ context: ReportContext) { self.context = context }

  mutating func begin(input: Int) {
    guard current != input else { return }
    endOutcome()
    let source = JSONText.quoted(context.files[input].name)
    context.emit(inputs == 0 ? "[\n  " : ",\n  ")
    context.emit(
      "{\"resourceType\":\"OperationOutcome\",\"extension\":[{\"url\":"
        + "\"\(OutcomeReport.sourceURL)\",\"valueString\":\(source)}],\"issue\":[")
    inputs += 1
    current = input
    issuesOfCurrent = 0
  }

  mutating func add(_ finding: Finding) {
    begin(input: finding.input)
    context.emit((issuesOfCurrent == 0 ? "\n    " : ",\n    ") + outcomeIssue(finding.issue))
    issuesOfCurrent += 1
  }

  mutating func end(_ tally: ValidateRun.Tally) {
    endOutcome()
    context.emit(inputs == 0 ? "[]\n" : "\n]\n")
  }

  private mutating func endOutcome() {
    guard current != nil else { return }
    if issuesOfCurrent == 0 {
      // OperationOutcome.issue is 1..*: a clean input says so.
      context.emit(
        "\n    {\"severity\":\"information\",\"code\":\"informational\",\"diagnostics\":\"No issues were found.\"}"
      )
    }
    context.emit("]}")
    current = nil
  }

  /// Line and column travel in the extensions that HL7's validator uses for them.
  private func outcomeIssue(_ issue: Issue) -> String {
    var members: [(String, String)] = []
    if let position = issue.position {
      let base = "http://hl7.org/fhir/StructureDefinition/operationoutcome-issue-"
      members.append(
        (
          "extension",
          "[{\"url\":\"\(base)line\",\"valueInteger\":\(position.line)},"
            + "{\"url\":\"\(base)col\",\"valueInteger\":\(position.column)}]"
        ))
    }
    members.append(("severity", JSONText.quoted(issue.severity.rawValue)))
    members.append(("code", JSONText.quoted(issue.rule.issueType.rawValue)))
    members.append(
      (
        "details",
        "{\"coding\":[{\"system\":\"https://fhirline.dev/CodeSystem/rule\",\"code\":"
          + "\(JSONText.quoted(issue.rule.code))}]}"
      ))
    members.append(("diagnostics", JSONText.quoted(issue.message)))
    if !issue.expression.isEmpty { members.append(("expression", "[\(JSONText.quoted(issue.expression))]")) }
    return JSONText.object(members)
  }
}
