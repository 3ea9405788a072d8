import FHIRModel

/// For people at a terminal: as compilers print, each finding with its line and a caret; where there are many, one
/// example of each cause.
struct TextReport: FindingReport {
  /// More findings than this are told by cause.
  static let mostListed = 50
  /// Causes that are shown where the user sets no measure.
  static let mostCauses = 100
  /// Where all findings are listed, so many have a frame: it takes reading the source again.
  static let mostFramed = 1000

  private let context: ReportContext
  private var held: [Finding] = []
  private var listed = 0
  private var leftOut = 0
  private var causes = CauseTable(examples: 3)

  init(_ context: ReportContext) { self.context = context }

  private var colours: Bool { context.options.colours }

  func begin(input: Int) {}

  mutating func add(_ finding: Finding) {
    if context.options.grouping != .never { causes.add(finding) }
    if context.options.grouping != .always { list(finding) }
  }

  private mutating func list(_ finding: Finding) {
    if context.options.grouping == .auto {
      if held.count <= TextReport.mostListed { held.append(finding) }
      return
    }
    guard listed < context.options.maxIssues ?? .max else {
      leftOut += 1
      return
    }
    listed += 1
    guard listed > TextReport.mostFramed else { return held.append(finding) }
    flush()
    context.emit(line(finding))
  }

  mutating func end(_ tally: ValidateRun.Tally) {
    let isGrouped =
      switch context.options.grouping {
      case .always: true
      case .never: false
      case .auto: held.count > TextReport.mostListed
      }
    guard !isGrouped else { return writeCauses() }
    if let most = context.options.maxIssues, held.count > most {
      leftOut += held.count - most
      held.removeLast(held.count - most)
    }
    flush()
    if leftOut > 0 {
      context.emit("… and \(Amount.of(leftOut, "more finding"))\n")
    }
  }

  /// Writes what is held, with frames.
  private mutating func flush() {
    let frames = FrameShelf(held, context)
    for finding in held.inOrderOfPlaces() {
      context.emit(line(finding) + frames.lines(finding, colours: colours))
    }
    held = []
  }

  private func line(_ finding: Finding) -> String {
    let issue = finding.issue
    let place = FindingText.place(issue, source: context.name(finding))
    let rule = Terminal.styled("[\(issue.rule.code)]", .dim, when: colours)
    return
      "\(Terminal.styled(place, .bold, when: colours)): \(styled(issue.severity)): \(FindingText.words(issue)) \(rule)\n"
  }

  private func styled(_ severity: Issue.Severity) -> String {
    let style: Terminal.Style =
      switch severity {
      case .fatal, .error: .red
      case .warning: .yellow
      case .information: .cyan
      }
    return Terminal.styled(severity.rawValue, style, when: colours)
  }

  // MARK: By cause

  private func writeCauses() {
    guard causes.findings > 0 else { return }
    let sorted = causes.sorted()
    let shown = sorted.prefix(context.options.maxIssues ?? TextReport.mostCauses)
    let heading = "\(Amount.of(causes.findings, "finding")), \(Amount.of(causes.count, "cause"))"
    context.emit(Terminal.styled(heading, .bold, when: colours) + "\n")
    let frames = FrameShelf(shown.compactMap(\.examples.first), context)
    for cause in shown { write(cause, frames) }
    let hidden = causes.findings - shown.reduce(0) { $0 + $1.count }
    if hidden > 0 {
      let rest = causes.count - shown.count
      let words = rest > 0 ? " of \(Amount.of(rest, "more cause"))" : ""
      context.emit("\n… and \(Amount.of(hidden, "finding"))\(words)\n")
    }
  }

  /// A cause's heading, an example with its line, and the first places:
  ///
  ///     error: primitive-format at Patient.birthDate, 120 times in 14 files
  ///       Patient.birthDate must be a date …
  ///        12 │   "birthDate": "••••••••••",
  ///           │   ^~~~~~~~~~~
  ///       a.json:12:3, a.json:40:3, b.json:7:3 and 117 more
  private func write(_ cause: Cause, _ frames: FrameShelf) {
    guard let example = cause.examples.first else { return }
    let path = FindingText.printable(FindingText.shortened(cause.path, to: 120))
    let times = cause.count == 1 ? "once" : "\(Amount.grouped(cause.count)) times"
    let inputs = cause.inputs > 1 ? " in \(Amount.of(cause.inputs, "file"))" : ""
    let rule = Terminal.styled(cause.rule.code, .bold, when: colours)
    let place = path.isEmpty ? "" : " at \(path)"
    context.emit("\n\(styled(cause.severity)): \(rule)\(place), \(times)\(inputs)\n")
    context.emit("  \(FindingText.words(example.issue))\n")
    context.emit(frames.lines(example, colours: colours))
    let places = cause.examples.map { FindingText.place($0.issue, source: context.name($0)) }
    let rest = cause.count - places.count
    let more = rest > 0 ? " and \(Amount.grouped(rest)) more" : ""
    context.emit(Terminal.styled("  \(places.joined(separator: ", "))\(more)", .dim, when: colours) + "\n")
  }
}

extension [Finding] {
  /// Input by input in the order of their lines; what is about a Bundle as a whole is found when all of it was read.
  fileprivate func inOrderOfPlaces() -> [Finding] {
    let start = SourcePosition(line: 0, column: 0)
    return enumerated().sorted { a, b in
      let first = (a.element.input, a.element.issue.position ?? start, a.offset)
      return first < (b.element.input, b.element.issue.position ?? start, b.offset)
    }.map(\.element)
  }
}
