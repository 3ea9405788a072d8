package import FHIRDefinitions
package import FHIRFormats
import FHIRModel
package import FHIRValidation
import Glibc
import Synchronization

/// The work of `fhirline validate`: reads every input, checks it, and reports in the order of the inputs.
package struct ValidateRun: Sendable {
  package var report = ReportOptions()
  package var standing = StandingOptions()
  package var workers = 2
  package var quiet = false
  package var showsProgress = true
  /// Whether invariants that are good practice rather than rules are checked.
  package var bestPractice = false
  package var reading = ReadOptions()
  /// The core of R4, and the packages that the user named.
  package var definitions: ConformanceStore = .core
  package var profiles = ProfileOptions()
  /// Whether codes that nobody here can judge are told.
  package var tellsUndecided = false

  package init() {}

  /// What a run found.
  package struct Tally: Sendable {
    package var inputs = 0
    package var unreadableInputs = 0
    package var resources = 0
    package var bytes = 0
    package var errors = 0
    package var warnings = 0
    package var information = 0
    /// Findings of less weight than the user wants to see.
    package var hidden = 0
    /// Findings that the baseline has.
    package var known = 0
    /// Findings that a suppression covers.
    package var suppressed = 0
    package var seconds = 0.0
    /// What the user should know besides.
    package var notices: [String] = []
    /// All that was found is known from now on.
    package var writesBaseline = false
    /// A signal came before all was checked.
    var isStopped = false
  }

  /// Checks the inputs and writes the report.
  package func run(_ files: [InputFile]) throws -> Tally {
    let started = Progress.now()
    try RootProfiles(definitions).check(profiles.rootProfiles)
    for output in [report.output, standing.newBaseline] { try InputFile.keep(files, from: output) }
    // A profile of Bundles asks for all of their entries at once.
    var reading = reading
    if profiles.rootProfiles.contains(where: { definitions.structureDefinition($0)?.type == "Bundle" }) {
      reading.splitBundles = false
    }
    var validation = ValidationOptions()
    validation.showValues = report.showValues
    validation.bestPractice = bestPractice
    validation.profiles = profiles
    validation.tellsUndecided = tellsUndecided
    let validator = Validator(definitions: definitions, options: validation)
    let output = Mutex(try Output(files, reading, report, standing))
    return try Interruption.concluding {
      output.withLock { $0.stop() }
    } _: {
      check(files, validator, reading) { file, result in
        output.withLock { $0.add(result, input: file, validator) }
      }
      if isForReader { try Terminal.checkReader() }
      return try output.withLock { output in
        output.endInput()
        if let failure = output.failure { throw failure }
        output.tally.inputs = files.count
        output.tally.notices = try output.judge.end() + (output.pages.line.map { ["fhirline: \($0)"] } ?? [])
        output.tally.writesBaseline = standing.newBaseline != nil
        output.tally.seconds = Progress.now() - started
        output.end()
        try output.sink.close(isFile: report.output != nil)
        return output.tally
      }
    }
  }

  /// Whether all that comes of the run is what somebody reads from standard output.
  private var isForReader: Bool { report.output == nil && standing.newBaseline == nil }

  /// Reads and checks the inputs, and gives what was found, in their order.
  private func check(
    _ files: [InputFile], _ validator: Validator, _ reading: ReadOptions,
    emit: @escaping @Sendable (Int, StepResult) -> Void
  ) {
    // A smaller file stays with one worker, who may hold a Bundle's entries until all have come.
    let feed = BatchFeed(files: files, options: reading, sharing: .linesAndLarger(than: HeldEntries.limit))
    let progress = Progress(total: files.reduce(0) { $0 + $1.size }, enabled: showsProgress && !quiet)
    // What is found in later files waits for the earlier ones, in bounded memory.
    let order = InputOrder<StepResult>(limit: 20_000, cost: \.findings.count, emit: emit)
    // With profiles at hand almost every reference is followed; else few are, and large Bundles are read again for it.
    let holdsAll = !definitions.labels.isEmpty || !profiles.rootProfiles.isEmpty
    let turn = FileCheck.Turn()
    WorkerThread.run(count: max(1, min(workers, 64))) { _ in
      var worker = BatchFeed.Worker(feed)
      var own = FileCheck(validator, holdsAll: holdsAll, reading: reading, turn: turn)
      while let item = worker.next() {
        var result = StepResult()
        let last: Bool
        let bytes: Int
        let resources: Int
        if item.isShared {
          last = result.add(item, validator)
          (bytes, resources) = (result.bytes, result.resources)
        } else {
          let before = own.soFar
          last = own.add(item)
          (bytes, resources) = (own.soFar.bytes - before.bytes, own.soFar.resources - before.resources)
          result = last ? own.finish(files[item.file], input: item.file) : own.part()
        }
        progress.advance(bytes: bytes, resources: resources)
        worker.isThrough()
        order.put(result, file: item.file, step: item.step, last: last)
        if isForReader && Terminal.hasLostReader {
          order.abandon()
          break
        }
      }
    }
    progress.finish()
  }

  private struct Output {
    var report: any FindingReport
    let sink: ReportSink
    var judge: FindingJudge
    /// Why the baseline could not be written.
    var failure: (any Error)?
    private let files: [InputFile]
    private let reading: ReadOptions
    private let options: ReportOptions
    var tally = Tally()
    /// What Bundles say of pages that follow them.
    var pages = ResultPages()
    /// Entries of the Bundle that is being read, from the steps so far.
    var scope = BundleScope()
    var input = -1
    /// Of that input: what stood by itself so far; nil where it could not be read to its end.
    private var lines: Int? = 0
    private var isEnded = false
    /// The input of which whole Bundles were looked at.
    private var wholeInput = -1
    /// Profiles and extensions that are not at hand, told once each.
    private var told: Set<String> = []

    init(
      _ files: [InputFile], _ reading: ReadOptions, _ options: ReportOptions, _ standing: StandingOptions
    ) throws {
      self.files = files
      self.reading = reading
      self.options = options
      judge = try FindingJudge(standing)
      let sink = try ReportSink(path: options.output)
      self.sink = sink
      var context = ReportContext(files: files, options: options) { sink.write($0) }
      context.hasBaseline = standing.baseline != nil
      report = context.makeReport()
    }

    private static let aboutDefinitions: Set<Rule> = [
      .profileUnknown, .extensionUnknown, .questionnaireUnknown, .measureUnknown,
    ]

    /// Whether a finding is more than one that a definition is missing, which was told before.
    private mutating func isNews(_ issue: Issue) -> Bool {
      guard issue.severity < .error, Self.aboutDefinitions.contains(issue.rule) else { return true }
      // Hostile inputs name ever new ones.
      return told.count > 10_000 ? !told.contains(issue.message) : told.insert(issue.message).inserted
    }

    mutating func add(_ result: StepResult, input: Int, _ validator: Validator) {
      var findings = result.findings
      if input != self.input {
        endInput()
        scope = BundleScope()
        lines = 0
      }
      self.input = input
      lines = result.failed ? nil : lines.map { $0 + result.lines }
      scope.append(result.scope)
      if let members = result.members {
        var issues: [Issue] = []
        scope.close(members, with: validator, into: &issues)
        findings += issues.map { Finding($0, input: input, resourceType: "Bundle") }
      }
      tally.resources += result.resources
      tally.bytes += result.bytes
      pages.add(result.pages)
      if result.failed { tally.unreadableInputs += 1 }
      if result.asksForWholeBundle && wholeInput != input {
        wholeInput = input
        findings += validator.findings(ofWholeBundlesIn: files[input], reading).map {
          Finding($0, input: input, resourceType: "Bundle")
        }
      }
      take(findings, input: input)
      sink.flush()
    }

    /// Tells what only the end of an input shows.
    mutating func endInput() {
      guard files.indices.contains(input), let lines, let shortfall = files[input].shortfall(having: lines)
      else { return }
      let issue = Issue(.error, .inputUnreadable, at: "", position: nil, shortfall)
      take([Finding(issue, input: input)], input: input)
    }

    private mutating func take(_ findings: [Finding], input: Int) {
      report.begin(input: input)
      for finding in findings where isNews(finding.issue) {
        var finding = finding
        do {
          finding.standing = try judge.judge(finding, source: files[input].name)
        } catch {
          failure = error
        }
        tally.count(finding)
        guard options.shows(finding.issue.severity) else {
          tally.hidden += finding.standing == .new ? 1 : 0
          continue
        }
        if finding.standing == .new || report.takesAll { report.add(finding) }
      }
    }

    mutating func end() {
      report.end(tally)
      isEnded = true
    }

    /// Ends a report of which others have a part already: it says that it is not whole, and is well-formed all the same.
    mutating func stop() {
      guard sink.isStream, !isEnded else { return }
      let issue = Issue(
        .fatal, .stopped, at: "", position: nil, "stopped before the end: what follows was not checked")
      let finding = Finding(issue, input: max(input, 0))
      report.begin(input: finding.input)
      tally.count(finding)
      tally.isStopped = true
      report.add(finding)
      end()
      sink.flush()
    }
  }
}

extension Validator {
  /// What is wrong with an input's Bundles by the profiles that only a whole Bundle can meet: it is read once more for them.
  fileprivate func findings(ofWholeBundlesIn file: InputFile, _ reading: ReadOptions) -> [Issue] {
    guard file.path != nil else {
      return [
        Issue(
          .information, .profileUnknown, at: "Bundle", position: nil,
          "cannot tell whether the Bundle's profile is met: a pipe is not read twice")
      ]
    }
    var options = reading
    options.splitBundles = false
    var issues: [Issue] = []
    do {
      let reader = try file.open(options: options)
      while let record = try reader.next() {
        // What cannot be read was told when it was read first.
        if record.content != .unreadable, asksForWholeBundle(record.tree) {
          validateProfiles(ofWholeBundle: record.tree, into: &issues)
        }
      }
    } catch {
      return issues
    }
    return issues
  }
}

extension ValidateRun.Tally {
  fileprivate mutating func count(_ finding: Finding) {
    switch (finding.standing, finding.issue.severity) {
    case (.known, _): known += 1
    case (.suppressed, _): suppressed += 1
    case (.new, .fatal), (.new, .error): errors += 1
    case (.new, .warning): warnings += 1
    case (.new, .information): information += 1
    }
  }

  package var exitStatus: ExitStatus {
    // A file of which something was read before it broke off has findings, as the others have.
    if inputs > 0 && unreadableInputs == inputs && resources == 0 { return .couldNotRun }
    return errors > 0 && !writesBaseline ? .findings : .done
  }

  /// One line for people: `2 errors, 1 warning in 153 resources of 3 files (1.2 MB, 0.1 s)`.
  package var line: String {
    let findings =
      errors == 0 && warnings == 0
      ? "No findings" : "\(Amount.of(errors, "error")), \(Amount.of(warnings, "warning"))"
    var besides: [String] = []
    if known > 0 { besides.append("\(Amount.grouped(known)) known before") }
    if hidden > 0 { besides.append("\(Amount.grouped(hidden)) of less weight not shown") }
    if suppressed > 0 { besides.append("\(Amount.grouped(suppressed)) suppressed") }
    let others = besides.isEmpty ? "" : " (and \(besides.joined(separator: ", ")))"
    return "\(findings)\(others) in \(Amount.of(resources, "resource")) of \(Amount.of(inputs, "file"))"
      + " (\(Amount.bytes(bytes)), \(Amount.seconds(seconds)))"
  }
}
