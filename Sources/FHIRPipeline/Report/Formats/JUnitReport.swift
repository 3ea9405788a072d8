import FHIRModel

/// JUnit's XML, as build servers show it: a suite per input, and in it a case per cause that fails or passes.
struct JUnitReport: FindingReport {
  /// Places that a case names.
  private static let places = 20

  private let context: ReportContext
  private var current: Int?
  private var causes = CauseTable(examples: JUnitReport.places)
  private var hasBegun = false

  init(_ context: ReportContext) { self.context = context }

  mutating func begin(input: Int) {
    guard current != input else { return }
    writeSuite()
    current = input
    causes = CauseTable(examples: JUnitReport.places)
  }

  mutating func add(_ finding: Finding) {
    begin(input: finding.input)
    causes.add(finding)
  }

  mutating func end(_ tally: ValidateRun.Tally) {
    writeSuite()
    start()
    context.emit("</testsuites>\n")
  }

  private mutating func start() {
    guard !hasBegun else { return }
    hasBegun = true
    context.emit("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"fhirline validate\">\n")
  }

  private mutating func writeSuite() {
    guard let current else { return }
    start()
    let name = XMLText.escaped(context.files[current].name)
    let sorted = causes.sorted()
    let failures = sorted.count { $0.severity >= .error }
    context.emit(
      "  <testsuite name=\"\(name)\" tests=\"\(max(1, sorted.count))\" failures=\"\(failures)\" errors=\"0\""
        + " skipped=\"0\">\n")
    if sorted.isEmpty { context.emit("    <testcase classname=\"\(name)\" name=\"no findings\"/>\n") }
    for cause in sorted { write(cause, of: name) }
    if causes.others > 0 {
      context.emit("    <system-out>\(Amount.of(causes.others, "finding")) of other causes</system-out>\n")
    }
    context.emit("  </testsuite>\n")
  }

  private func write(_ cause: Cause, of suite: String) {
    guard let example = cause.examples.first else { return }
    let path = FindingText.shortened(cause.path, to: 200)
    let title = XMLText.escaped(path.isEmpty ? cause.rule.code : "\(cause.rule.code) at \(path)")
    let places = cause.examples.map {
      FindingText.place($0.issue, source: context.name($0)) + ": " + FindingText.words($0.issue)
    }
    let rest = cause.count - places.count
    let text = XMLText.escaped(
      places.joined(separator: "\n") + (rest > 0 ? "\nand \(Amount.grouped(rest)) more" : ""))
    let opening = "    <testcase classname=\"\(suite)\" name=\"\(title)\">\n"
    let rule = XMLText.escaped(cause.rule.code)
    if cause.severity >= .error {
      let message = XMLText.escaped(FindingText.words(example.issue))
      context.emit(
        opening
          + "      <failure type=\"\(rule)\" message=\"\(message)\">\(text)</failure>\n    </testcase>\n")
    } else {
      context.emit(
        opening + "      <system-out>\(cause.severity.rawValue): \(text)</system-out>\n    </testcase>\n")
    }
  }
}
