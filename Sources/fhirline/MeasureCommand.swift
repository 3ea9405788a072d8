import ArgumentParser
import FHIRPipeline
import Glibc

/// Hidden, as only `make bench` and those who work on fhirline need it.
struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Runs one stage over the same files again and again, and says how fast it is.",
    shouldDisplay: false)

  @Argument(help: "bytes, read, structure, validate or documents; each contains the ones before it.")
  var stage: MeasureRun.Stage

  @Argument(help: ArgumentHelp("What to read.", valueName: "file"))
  var files: [String]

  @Option(help: ArgumentHelp("How long to measure, at least.", valueName: "s"))
  var seconds = 0.5

  @Option(help: ArgumentHelp("How often to measure, at least.", valueName: "n"))
  var runs = 3

  @Flag(help: "One JSON object instead of words.")
  var json = false

  @OptionGroup var packages: PackageArguments
  @OptionGroup var common: CommonOptions

  func run() throws {
    let configuration = try common.configuration()
    var run = MeasureRun(stage: stage, mappings: try Database.mappings(configuration))
    run.definitions = try packages.options(configuration).store { Terminal.say($0) }
    run.workers = common.workers ?? 1
    run.leastSeconds = seconds
    run.leastRuns = max(1, runs)
    let figures = try run.run(try InputFile.find(files))
    let text =
      json
      ? figures.json(stage: stage, workers: run.workers) : figures.line(stage: stage, workers: run.workers)
    Terminal.write(text + "\n", to: STDOUT_FILENO)
  }
}

extension MeasureRun.Stage: ExpressibleByArgument {}
