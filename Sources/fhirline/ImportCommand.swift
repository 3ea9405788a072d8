import ArgumentParser
import FHIRPipeline
import Glibc

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Reads, validates, maps, and loads into MongoDB.",
    discussion: """
      What fails is set aside in the quarantine file with its reason; the rest is loaded. Importing the same input
      again changes nothing. The database: --to, --uri-file, MONGODB_URI, or pipeline.yml.
      """)

  @Argument(help: ArgumentHelp("What to import.", valueName: "file"))
  var files: [String]

  @Option(
    help: ArgumentHelp(
      "The MongoDB URI. One with a password is better kept in MONGODB_URI or a --uri-file.", valueName: "uri")
  )
  var to: String?

  @Option(help: ArgumentHelp("Where resources that fail are set aside.", valueName: "file"))
  var quarantine: String?

  @Option(help: "How the summary is written: text (standard error) or json (one object on standard output).")
  var summary: SummaryFormat = .text

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var packages: PackageArguments
  @OptionGroup var common: CommonOptions

  func run() throws {
    var configuration = try common.configuration()
    try database.apply(uri: to, to: &configuration)
    if let quarantine { configuration.quarantine = quarantine }
    let inputs = try InputFile.find(files)
    var run = try ImportRun(configuration)
    run.workers = common.workerCount(configuration)
    run.definitions = try packages.options(configuration).store { if !common.quiet { Terminal.say($0) } }
    run.showsProgress = !common.quiet && !common.noProgress
    if !common.quiet { run.say = { Terminal.say($0) } }
    let outcome = try run.run(inputs, store: try Database.open(configuration))
    switch summary {
    case .json: Terminal.write(outcome.summary.json + "\n", to: STDOUT_FILENO)
    case .text:
      if !common.quiet { outcome.summary.lines(colours: Terminal.colours).forEach(Terminal.say) }
    }
    if let path = outcome.quarantinePath, !common.quiet {
      Terminal.say(
        "  \(Amount.of(outcome.summary.total.quarantined, "resource")) set aside, with reasons: \(path)")
    }
    if !common.quiet { run.definitionTroubles.forEach(Terminal.say) }
    if let failure = outcome.failure { Terminal.say("fhirline: \(failure.message)") }
    try outcome.exitStatus.leave()
  }
}

enum SummaryFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}
