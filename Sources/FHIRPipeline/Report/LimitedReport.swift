import FHIRModel

/// A report for machines of at most so many findings; one more says how many are left out.
struct LimitedReport: FindingReport {
  private var report: any FindingReport
  private let most: Int
  private var count = 0
  private var leftOut = 0
  private var lastInput = 0

  init(_ report: any FindingReport, most: Int) {
    self.report = report
    self.most = most
  }

  var takesAll: Bool { report.takesAll }

  mutating func begin(input: Int) {
    lastInput = input
    report.begin(input: input)
  }

  mutating func add(_ finding: Finding) {
    // That a report is not whole is told whatever the limit.
    guard count < most || finding.issue.rule == .stopped else {
      leftOut += 1
      return
    }
    count += 1
    report.add(finding)
  }

  mutating func end(_ tally: ValidateRun.Tally) {
    if leftOut > 0 {
      let words = "\(Amount.of(leftOut, "more finding")) left out, as asked for"
      report.add(
        Finding(Issue(.information, .tooManyIssues, at: "", position: nil, words), input: lastInput))
    }
    report.end(tally)
  }
}
