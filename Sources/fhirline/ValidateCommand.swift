import ArgumentParser
import FHIRPipeline
import Glibc

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Says what is wrong, where, and why.",
    discussion: "Findings go to standard output, words for people to standard error.")

  @Argument(help: ArgumentHelp("What to check.", valueName: "file"))
  var files: [String]

  @Option(help: "How findings are written: text, json or ndjson.")
  var format: FindingFormat = .text

  @Flag(help: "Let findings show values. They are patient data.")
  var showValues = false

  @OptionGroup var common: CommonOptions

  func run() throws {
    let configuration = try common.configuration()
    var run = ValidateRun()
    run.format = format
    run.workers = common.workerCount(configuration)
    run.quiet = common.quiet
    run.showsProgress = !common.noProgress
    run.showValues = showValues
    let tally = run.run(try InputFile.find(files)) { Terminal.write($0, to: STDOUT_FILENO) }
    if !common.quiet { Terminal.say(tally.line) }
    try tally.exitStatus.leave()
  }
}

extension FindingFormat: ExpressibleByArgument {}
