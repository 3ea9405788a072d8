import ArgumentParser
import FHIRPipeline
import FHIRValidation
import Glibc

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Says what is wrong, where, and why.",
    discussion: "Findings go to standard output, words for people to standard error.")

  @Argument(help: ArgumentHelp("What to check.", valueName: "file"))
  var files: [String]

  @Option(help: "How findings are written: text, json, ndjson, sarif, junit or html.")
  var format: FindingFormat = .text

  @Option(help: ArgumentHelp("The file to write, instead of standard output.", valueName: "file"))
  var output: String?

  @Option(
    help:
      "Text tells every finding (never), every cause once (always), or by cause where there are many (auto).")
  var group: FindingGrouping = .auto

  @Option(help: ArgumentHelp("The most findings, or causes, to show.", valueName: "n"))
  var maxIssues: Int?

  @Option(
    help: ArgumentHelp(
      "A profile that every resource must meet, beside those it claims; may be given several times.",
      valueName: "url"))
  var profile: [String] = []

  @Option(
    help: "What becomes of extensions that no package at hand defines: allow, inform, warn or error.")
  var unknownExtensions: ProfileOptions.UnknownExtensions = .inform

  @Option(
    help: "What becomes of values that must meet a profile which no package defines: warn or error.")
  var unknownProfiles: ProfileOptions.UnknownProfiles = .warn

  @Flag(help: "Tell of elements that a profile marks must-support and that do not stand.")
  var mustSupport = false

  @Flag(help: "Tell of codes that cannot be judged, since their value set or code system is not at hand.")
  var undecided = false

  @Option(
    help: ArgumentHelp(
      "The least grave findings to show: information, warning, error or fatal. Text shows warnings and graver.",
      valueName: "severity"))
  var severity: FindingSeverity?
  @Flag(help: "Check good practice too, such as that every resource should have a narrative (dom-6).")
  var bestPractice = false

  @Flag(help: "Let findings show values. They are patient data.")
  var showValues = false

  @Option(
    help: ArgumentHelp(
      "A report of an earlier run (ndjson or json), or what --write-baseline wrote: only findings that are new fail.",
      valueName: "file"))
  var baseline: String?

  @Option(help: ArgumentHelp("Write all findings as a baseline; the run does not fail.", valueName: "file"))
  var writeBaseline: String?

  @Option(
    help: ArgumentHelp(
      "Findings that do not count: a YAML file whose list `suppressions` has rule and reason, and may have path (Patient.name, Bundle.**.display), source (the input's name) and expires (2026-12-31). * stands for anything.",
      valueName: "file"))
  var suppress: String?

  @OptionGroup var packages: PackageArguments
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let maxIssues, maxIssues < 1 { throw ValidationError("--max-issues takes a number from 1 on.") }
  }

  func run() throws {
    let configuration = try common.configuration()
    var run = ValidateRun()
    run.workers = common.workerCount(configuration)
    configuration.limits.apply(to: &run.reading)
    run.quiet = common.quiet
    run.definitions = try packages.options(configuration).store { if !common.quiet { Terminal.say($0) } }
    run.showsProgress = !common.noProgress
    run.report.format = format
    run.report.grouping = group
    run.report.maxIssues = maxIssues
    run.report.showValues = showValues
    // Whoever asks for what only informs wants to see it.
    let asksForNotes = undecided || mustSupport
    run.report.setLeastSeverity(severity?.rawValue ?? (asksForNotes ? "information" : nil))
    run.bestPractice = bestPractice
    run.profiles.rootProfiles = profile
    run.profiles.unknownExtensions = unknownExtensions
    run.profiles.unknownProfiles = unknownProfiles
    run.profiles.tellsMustSupport = mustSupport
    run.tellsUndecided = undecided
    run.report.colours = output == nil && Terminal.outputColours
    run.report.output = output
    run.standing.baseline = baseline
    run.standing.newBaseline = writeBaseline
    run.standing.suppressionFile = suppress
    let tally = try run.run(try common.find(files))
    if !common.quiet { (tally.notices + run.definitionTroubles + [tally.line]).forEach(Terminal.say) }
    try tally.exitStatus.leave()
  }
}

extension FindingFormat: ExpressibleByArgument {}
extension ProfileOptions.UnknownExtensions: ExpressibleByArgument {}
extension ProfileOptions.UnknownProfiles: ExpressibleByArgument {}
enum FindingSeverity: String, ExpressibleByArgument, CaseIterable {
  case information, warning, error, fatal
}

extension FindingGrouping: ExpressibleByArgument {}
