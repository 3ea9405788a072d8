import FHIRModel
import FHIRValidation
import Glibc

/// One self-contained page: how it stands, what is wrong by cause and by file, with lines and explanations.
///
/// It needs nothing from anywhere else, prints well, and reads without scripts; they only filter.
struct HTMLReport: FindingReport {
  /// Places that are listed of a cause, and files that are listed with findings.
  private static let places = 25
  private static let mostFiles = 2000
  private static let mostCauses = 500

  private let context: ReportContext
  private var causes = CauseTable(examples: HTMLReport.places)
  private var files: [FileFindings] = []
  private var filesLeftOut = 0
  private var cleanFiles = 0
  private var current: FileFindings?
  private var severities: [Issue.Severity: Int] = [:]

  /// What was found in one input.
  private struct FileFindings {
    let input: Int
    var counts: [Issue.Severity: Int] = [:]
    var causes = CauseTable(examples: 1)
  }

  init(_ context: ReportContext) { self.context = context }

  mutating func begin(input: Int) {
    guard current?.input != input else { return }
    close()
    current = FileFindings(input: input)
  }

  mutating func add(_ finding: Finding) {
    begin(input: finding.input)
    causes.add(finding)
    severities[finding.issue.severity, default: 0] += 1
    current?.counts[finding.issue.severity, default: 0] += 1
    current?.causes.add(finding)
  }

  private mutating func close() {
    defer { current = nil }
    guard let current else { return }
    if current.causes.findings == 0 {
      cleanFiles += 1
    } else if files.count < HTMLReport.mostFiles {
      files.append(current)
    } else {
      filesLeftOut += 1
    }
  }

  mutating func end(_ tally: ValidateRun.Tally) {
    close()
    let sorted = causes.sorted()
    let shown = Array(sorted.prefix(context.options.maxIssues ?? HTMLReport.mostCauses))
    let frames = FrameShelf(shown.flatMap { $0.examples.prefix(3) }, context)
    emit(HTMLPage.head(title: title(tally)))
    header(tally)
    cards(tally, causeCount: sorted.count)
    if sorted.isEmpty {
      emit("<section class=\"empty\"><div class=\"tick\">✓</div><h2>No findings</h2>")
      emit("<p>Every resource is as the specification has it.</p></section>\n")
    } else {
      controls(shown)
      emit("<section id=\"causes\" class=\"view\">\n")
      let most = shown.map(\.count).max() ?? 1
      for cause in shown { card(cause, most: most, frames) }
      let hidden = causes.findings - shown.reduce(0) { $0 + $1.count }
      if hidden > 0 {
        emit("<p class=\"more\">\(Amount.of(hidden, "finding")) of other causes are not shown.</p>\n")
      }
      emit("<p class=\"none\" hidden>Nothing matches the filter.</p></section>\n")
      fileTable()
    }
    emit(footer(tally) + HTMLPage.script + "</body>\n</html>\n")
  }

  // MARK: Parts

  private func emit(_ text: String) { context.emit(text) }

  private func title(_ tally: ValidateRun.Tally) -> String {
    tally.errors == 0
      ? "fhirline: no errors in \(Amount.of(tally.resources, "resource"))"
      : "fhirline: \(Amount.of(tally.errors, "error")) in \(Amount.of(tally.resources, "resource"))"
  }

  private func header(_ tally: ValidateRun.Tally) {
    let isValid = tally.errors == 0
    let badge = isValid ? (tally.warnings == 0 ? "valid" : "valid, with warnings") : "not valid"
    emit(
      """
      <header><div><h1>FHIR validation report</h1>
      <p>\(XMLText.escaped(subject)) · \(HTMLReport.now()) · fhirline \(ProgramVersion.current) · FHIR R4 (4.0.1)</p></div>
      <div class="tools"><span class="badge \(isValid ? "good" : "bad")">\(badge)</span>
      <button id="theme" type="button" aria-label="Light or dark" title="Light or dark">◐</button></div></header>

      """)
  }

  /// What was checked, in a few words.
  private var subject: String {
    let names = context.files.prefix(2).map(\.name)
    let rest = context.files.count - names.count
    return names.joined(separator: ", ") + (rest > 0 ? " and \(Amount.of(rest, "more file"))" : "")
  }

  private func cards(_ tally: ValidateRun.Tally, causeCount: Int) {
    func card(_ number: Int, _ words: String, _ kind: String = "") {
      let words = number == 1 && words.hasSuffix("s") ? String(words.dropLast()) : words
      emit("<div class=\"card \(kind)\"><b>\(Amount.grouped(number))</b><span>\(words)</span></div>\n")
    }
    emit("<section class=\"cards\">\n")
    card(tally.errors, "errors", tally.errors > 0 ? "error" : "zero")
    card(tally.warnings, "warnings", tally.warnings > 0 ? "warning" : "zero")
    card(tally.information, "notes", tally.information > 0 ? "information" : "zero")
    card(causeCount, "causes")
    card(tally.resources, "resources")
    card(tally.inputs, "files")
    if tally.known > 0 { card(tally.known, "known before") }
    if tally.suppressed > 0 { card(tally.suppressed, "suppressed") }
    emit("</section>\n")
    let total = severities.values.reduce(0, +)
    guard total > 0, severities.count > 1 else { return }
    emit("<div class=\"share\" role=\"img\" aria-label=\"Shares of the severities\">")
    for severity in Issue.Severity.allCases.reversed() {
      guard let count = severities[severity], count > 0 else { continue }
      let share = Double(count * 1000 / total) / 10
      emit(
        "<i class=\"\(kind(severity))\" style=\"width:\(share)%\" title=\"\(severity.rawValue): \(count)\"></i>"
      )
    }
    emit("</div>\n")
  }

  private func controls(_ causes: [Cause]) {
    emit(
      "<nav><div class=\"tabs\"><button type=\"button\" data-view=\"causes\" class=\"on\">By cause</button>")
    emit("<button type=\"button\" data-view=\"files\">By file</button></div>\n<div class=\"filters\">")
    for severity in Issue.Severity.allCases.reversed() where severities[severity] != nil {
      emit(
        "<label class=\"pill \(kind(severity))\"><input type=\"checkbox\" checked value=\"\(severity.rawValue)\">"
          + "\(severity.rawValue)</label>")
    }
    emit("<select id=\"rule\" aria-label=\"Rule\"><option value=\"\">all rules</option>")
    for rule in Set(causes.map(\.rule.code)).sorted() {
      emit("<option>\(XMLText.escaped(rule))</option>")
    }
    emit("</select><input id=\"search\" type=\"search\" placeholder=\"Search paths, words, files\"")
    emit(" aria-label=\"Search\"></div></nav>\n")
  }

  private func card(_ cause: Cause, most: Int, _ frames: FrameShelf) {
    guard let example = cause.examples.first else { return }
    let path = XMLText.escaped(FindingText.printable(FindingText.shortened(cause.path, to: 160)))
    let rule = XMLText.escaped(cause.rule.code)
    // A bar too short to be compared is a speck.
    let share = cause.count * 100 / most
    let bar = share >= 5 ? "<i style=\"width:\(share)%\"></i>" : ""
    let inputs = cause.inputs > 1 ? " in \(Amount.of(cause.inputs, "file"))" : ""
    let words = XMLText.escaped(FindingText.words(example.issue))
    emit(
      """
      <article class="cause" data-severity="\(cause.severity.rawValue)" data-rule="\(rule)">
      <div class="top"><span class="pill \(kind(cause.severity))">\(cause.severity.rawValue)</span>
      <code class="path">\(path.isEmpty ? "(whole file)" : path)</code><span class="rule">\(rule)</span>
      <span class="count" title="\(Amount.of(cause.count, "finding"))\(inputs)">\
      \(bar)<b>\(Amount.grouped(cause.count))</b>×\(inputs)</span></div>
      <p class="words">\(words)</p>

      """)
    emit(figure(example, frames))
    emit("<div class=\"below\">")
    if cause.count > 1 { emit(placeList(cause, frames)) }
    if let explanation = RuleExplanation.of(cause.rule.code) { emit(HTMLReport.explanation(explanation)) }
    emit("</div></article>\n")
  }

  private func placeList(_ cause: Cause, _ frames: FrameShelf) -> String {
    let figures = cause.examples.prefix(3).dropFirst().map { figure($0, frames) }
    let items = cause.examples.map {
      "<li>\(XMLText.escaped(FindingText.place($0.issue, source: context.name($0))))</li>"
    }
    let rest = cause.count - cause.examples.count
    let more = rest > 0 ? "<li class=\"more\">and \(Amount.grouped(rest)) more</li>" : ""
    return "<details><summary>Places</summary>\(figures.joined())<ul>\(items.joined())\(more)</ul></details>"
  }

  private static func explanation(_ explanation: RuleExplanation) -> String {
    "<details><summary>About this rule</summary><p><b>\(XMLText.escaped(explanation.title)).</b> "
      + "\(XMLText.escaped(explanation.meaning)) \(XMLText.escaped(explanation.reason))</p>"
      + "<p><b>What to do:</b> \(XMLText.escaped(explanation.remedy))</p></details>"
  }

  /// A line of the source with the place marked.
  private func figure(_ finding: Finding, _ frames: FrameShelf) -> String {
    let place = XMLText.escaped(FindingText.place(finding.issue, source: context.name(finding)))
    guard let frame = frames.frame(finding) else { return "<p class=\"at\">\(place)</p>\n" }
    return "<figure><figcaption>\(place)</figcaption>"
      + "<pre><span class=\"no\">\(frame.line)</span>\(HTMLReport.marked(frame))</pre></figure>\n"
  }

  private static func marked(_ frame: CodeFrame) -> String {
    let scalars = Array(frame.text.unicodeScalars)
    var marked = ""
    var columns = 0
    var inMark = false
    for scalar in scalars {
      let isMarked = columns >= frame.indent && columns < frame.indent + frame.width
      if isMarked != inMark {
        marked += isMarked ? "<mark>" : "</mark>"
        inMark = isMarked
      }
      marked += XMLText.escaped(String(scalar))
      columns += CodeFrame.columns(of: scalar)
    }
    if inMark { marked += "</mark>" }
    return marked.contains("<mark>") ? marked : marked + "<mark> </mark>"
  }

  private func fileTable() {
    emit("<section id=\"files\" class=\"view\" hidden>\n")
    for file in files {
      let name = XMLText.escaped(context.files[file.input].name)
      let pills = Issue.Severity.allCases.reversed().compactMap { severity in
        file.counts[severity].map {
          "<span class=\"pill \(kind(severity))\">\(Amount.of($0, HTMLReport.noun(severity)))</span>"
        }
      }
      emit("<details class=\"file\"><summary><code>\(name)</code>\(pills.joined())</summary><table>\n")
      for cause in file.causes.sorted().prefix(100) { emit(row(cause)) }
      emit("</table></details>\n")
    }
    if filesLeftOut > 0 {
      emit("<p class=\"more\">\(Amount.of(filesLeftOut, "more file")) with findings are not listed.</p>\n")
    }
    if cleanFiles > 0 { emit("<p class=\"more\">\(Amount.of(cleanFiles, "file")) without findings.</p>\n") }
    emit("<p class=\"none\" hidden>Nothing matches the filter.</p></section>\n")
  }

  private func row(_ cause: Cause) -> String {
    guard let example = cause.examples.first else { return "" }
    let place = example.issue.position.map { "\($0.line):\($0.column)" } ?? ""
    return
      "<tr data-severity=\"\(cause.severity.rawValue)\" data-rule=\"\(XMLText.escaped(cause.rule.code))\">"
      + "<td><span class=\"dot \(kind(cause.severity))\"></span></td><td class=\"at\">\(place)</td>"
      + "<td>\(XMLText.escaped(FindingText.words(example.issue)))"
      + " <span class=\"rule\">\(XMLText.escaped(cause.rule.code))</span></td>"
      + "<td class=\"times\">\(Amount.grouped(cause.count))×</td></tr>\n"
  }

  private func footer(_ tally: ValidateRun.Tally) -> String {
    let privacy =
      context.options.showValues
      ? "Lines are shown with their values: this page holds patient data."
      : "Dots stand for values: this page shows no patient data but what names of files tell."
    return
      "<footer>\(Amount.bytes(tally.bytes)) in \(Amount.seconds(tally.seconds)). \(privacy)</footer>\n"
  }

  private func kind(_ severity: Issue.Severity) -> String {
    severity == .fatal ? "error fatal" : severity.rawValue
  }

  private static func noun(_ severity: Issue.Severity) -> String {
    switch severity {
    case .fatal: "fatal error"
    case .error: "error"
    case .warning: "warning"
    case .information: "note"
    }
  }

  /// `2026-03-01 14:05 UTC`
  private static func now() -> String {
    var seconds = time(nil)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + String(number) }
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
      + " \(two(parts.tm_hour)):\(two(parts.tm_min)) UTC"
  }
}
