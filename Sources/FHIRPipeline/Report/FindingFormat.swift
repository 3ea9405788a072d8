package import FHIRModel

/// How findings are written on standard output.
package enum FindingFormat: String, Sendable, CaseIterable {
  /// As compilers print: `file:line:column: error: message [rule]`, the line and a caret; by cause where there are many.
  case text
  /// One OperationOutcome per input, in an array.
  case json
  /// One flat object per finding.
  case ndjson
  /// SARIF 2.1.0, for code hosts and editors.
  case sarif
  /// JUnit's XML, for build servers.
  case junit
  /// One self-contained page.
  case html
}

/// Whether a report for people tells every finding, or every cause once.
package enum FindingGrouping: String, Sendable, CaseIterable {
  /// By cause where there are more findings than one wants to read.
  case auto
  case always
  case never
}

/// What a report is to look like.
package struct ReportOptions: Sendable {
  package var format = FindingFormat.text
  package var grouping = FindingGrouping.auto
  /// The most findings (of a report by cause: causes) that are shown; nil for the format's own measure.
  package var maxIssues: Int?
  /// The least grave findings to show; nil is the format's own measure.
  package var leastSeverity: Issue.Severity?
  /// Whether values, which are patient data, stand in the lines shown.
  package var showValues = false
  package var colours = false
  /// The file to write; nil is standard output.
  package var output: String?

  package init() {}

  /// Takes a severity by its name.
  package mutating func setLeastSeverity(_ name: String?) {
    leastSeverity = name.flatMap { Issue.Severity(rawValue: $0) }
  }

  /// Whether a finding is shown. What only informs, such as that something cannot be told, is not for whoever reads text
  /// on a terminal, unless asked for.
  func shows(_ severity: Issue.Severity) -> Bool {
    severity >= leastSeverity ?? (format == .text ? .warning : .information)
  }
}

/// A report in the making. It is told the inputs in their order, and the findings of each.
protocol FindingReport {
  /// Tells that an input was read, findings or not.
  mutating func begin(input: Int)
  /// Takes a finding of the input begun last.
  mutating func add(_ finding: Finding)
  /// Writes what stands at the end.
  mutating func end(_ tally: ValidateRun.Tally)
  /// Whether it takes findings that do not count, too.
  var takesAll: Bool { get }
}

extension FindingReport {
  var takesAll: Bool { false }
}

/// Where a report goes and what it is about.
struct ReportContext {
  let files: [InputFile]
  let options: ReportOptions
  /// Whether findings are compared with those of an earlier run.
  var hasBaseline = false
  let emit: (String) -> Void

  private func limited(_ report: any FindingReport) -> any FindingReport {
    options.maxIssues.map { LimitedReport(report, most: $0) } ?? report
  }

  func name(_ finding: Finding) -> String { files[finding.input].name }

  /// An empty report of the format asked for.
  func makeReport() -> any FindingReport {
    switch options.format {
    case .text: return TextReport(self)
    case .json: return limited(OutcomeReport(self))
    case .ndjson: return limited(LinesReport(self))
    case .sarif: return limited(SARIFReport(self))
    case .junit: return JUnitReport(self)
    case .html: return HTMLReport(self)
    }
  }
}
