import ArgumentParser
import FHIRPipeline
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

  @Flag(help: "Let findings show values. They are patient data.")
  var showValues = false

  @OptionGroup var packages: PackageArguments
  @OptionGroup var common: CommonOptions

  func validate() throws {
    if let maxIssues, maxIssues < 1 { throw ValidationError("--max-issues takes a number from 1 on.") }
  }

  func run() throws {
    let configuration = try common.configuration()
    var run = ValidateRun()
    run.workers = common.workerCount(configuration)
    run.quiet = common.quiet
    run.definitions = try packages.options(configuration).store { if !common.quiet { Terminal.say($0) } }
    run.showsProgress = !common.noProgress
    run.report.format = format
    run.report.grouping = group
    run.report.maxIssues = maxIssues
    run.report.showValues = showValues
    run.report.colours = output == nil && Terminal.outputColours
    run.report.output = output
    let tally = try run.run(try InputFile.find(files))
    if !common.quiet { Terminal.say(tally.line) }
    try tally.exitStatus.leave()
  }
}

extension FindingFormat: ExpressibleByArgument {}
extension FindingGrouping: ExpressibleByArgument {}
