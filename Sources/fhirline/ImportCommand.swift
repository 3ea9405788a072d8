import ArgumentParser
import FHIRPipeline
import Glibc

struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Reads, validates, maps, and loads into MongoDB.",
    discussion: """
      What fails is set aside in the quarantine file with its reason; the rest is loaded. Importing the same input \
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

  @Flag(help: "Load transaction Bundles entry by entry, as batches are, and not all or nothing.")
  var noTransactions = false

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var packages: PackageArguments
  @OptionGroup var common: CommonOptions

  func run() throws {
    var configuration = try common.configuration()
    try database.apply(uri: to, to: &configuration)
    if let quarantine { configuration.quarantine = quarantine }
    if noTransactions { configuration.honoursTransactions = false }
    let inputs = try common.find(files)
    let run = try common.importRun(configuration, packages)
    let outcome = try run.run(inputs, store: try Database.open(configuration, confirmsAtEnd: true))
    common.tell(outcome, of: run, as: summary)
    try outcome.exitStatus.leave()
  }
}

extension CommonOptions {
  /// The files behind what the user named.
  func find(_ files: [String]) throws -> [InputFile] {
    try InputFile.find(files) { if !quiet { Terminal.say("fhirline: \($0)") } }
  }

  /// An import as the configuration and the flags want it.
  func importRun(_ configuration: PipelineConfiguration, _ packages: PackageArguments) throws -> ImportRun {
    var run = try ImportRun(configuration)
    run.workers = workerCount(configuration)
    run.definitions = try packages.options(configuration).store { if !quiet { Terminal.say($0) } }
    run.showsProgress = !quiet && !noProgress
    if !quiet { run.say = { Terminal.say($0) } }
    return run
  }

  /// Says what an import did.
  func tell(_ outcome: ImportRun.Outcome, of run: ImportRun, as summary: SummaryFormat) {
    switch summary {
    case .json: Terminal.write(outcome.summary.json + "\n", to: STDOUT_FILENO)
    case .text:
      if !quiet { outcome.summary.lines(colours: Terminal.colours).forEach(Terminal.say) }
    }
    if let path = outcome.quarantinePath, !quiet {
      Terminal.say("  \(Amount.grouped(outcome.setAside)) set aside, with reasons: \(path)")
    }
    if !quiet { run.definitionTroubles.forEach(Terminal.say) }
    if let failure = outcome.failure { Terminal.say("fhirline: \(failure.message)") }
  }
}

enum SummaryFormat: String, ExpressibleByArgument, CaseIterable {
  case text, json
}
