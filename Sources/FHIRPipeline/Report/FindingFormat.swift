package import FHIRModel

/// How findings are written on standard output.
package enum FindingFormat: String, Sendable, CaseIterable {
  /// As compilers print: `file:line:column: error: message [rule]`.
  case text
  /// One OperationOutcome per input, in an array.
  case json
  /// One flat object per finding.
  case ndjson
}

/// Writes findings, input by input, in one of the formats.
package struct FindingWriter {
  private let format: FindingFormat
  private let colours: Bool
  private let emit: (String) -> Void
  private var inputs = 0
  private var current: String?
  private var issuesOfCurrent = 0

  package init(format: FindingFormat, colours: Bool, emit: @escaping (String) -> Void) {
    self.format = format
    self.colours = colours
    self.emit = emit
  }

  /// Writes findings of an input. Those of one input come together; several calls may share one.
  package mutating func write(_ issues: [Issue], source: String) {
    switch format {
    case .text:
      for issue in issues { emit(textLine(issue, source: source)) }
    case .ndjson:
      for issue in issues { emit(flatObject(issue, source: source) + "\n") }
    case .json:
      begin(input: source)
      for issue in issues {
        emit((issuesOfCurrent == 0 ? "\n    " : ",\n    ") + outcomeIssue(issue))
        issuesOfCurrent += 1
      }
    }
  }

  /// Tells that an input was read, findings or not; `json` gives each an OperationOutcome.
  package mutating func begin(input: String) {
    guard format == .json, current != input else { return }
    endOutcome()
    emit(inputs == 0 ? "[\n  " : ",\n  ")
    emit("{\"resourceType\":\"OperationOutcome\",\"extension\":[{\"url\":")
    emit(
      "\"https://fhirline.dev/StructureDefinition/source\",\"valueString\":\(JSONText.quoted(input))}],\"issue\":["
    )
    inputs += 1
    current = input
    issuesOfCurrent = 0
  }

  /// Writes what stands at the end of the report.
  package mutating func end() {
    guard format == .json else { return }
    endOutcome()
    emit(inputs == 0 ? "[]\n" : "\n]\n")
  }

  private mutating func endOutcome() {
    guard current != nil else { return }
    if issuesOfCurrent == 0 {
      // OperationOutcome.issue is 1..*: a clean input says so.
      emit(
        "\n    {\"severity\":\"information\",\"code\":\"informational\",\"diagnostics\":\"No issues were found.\"}"
      )
    }
    emit("]}")
    current = nil
  }

  private func textLine(_ issue: Issue, source: String) -> String {
    let style: Terminal.Style =
      switch issue.severity {
      case .fatal, .error: .red
      case .warning: .yellow
      case .information: .cyan
      }
    let place = FindingText.place(issue, source: source)
    let severity = Terminal.styled(issue.severity.rawValue, style, when: colours)
    let rule = Terminal.styled("[\(issue.rule.code)]", .dim, when: colours)
    return
      "\(Terminal.styled(place, .bold, when: colours)): \(severity): \(FindingText.words(issue)) \(rule)\n"
  }

  private func flatObject(_ issue: Issue, source: String) -> String {
    JSONText.object([
      ("source", JSONText.quoted(source)),
      ("line", issue.position.map { String($0.line) } ?? "null"),
      ("column", issue.position.map { String($0.column) } ?? "null"),
      ("expression", JSONText.quoted(issue.expression)),
      ("severity", JSONText.quoted(issue.severity.rawValue)),
      ("code", JSONText.quoted(issue.rule.issueType.rawValue)),
      ("rule", JSONText.quoted(issue.rule.code)),
      ("message", JSONText.quoted(issue.message)),
    ])
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
