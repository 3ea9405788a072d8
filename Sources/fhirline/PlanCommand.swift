import ArgumentParser
import FHIRPipeline
import Glibc

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Says what an import would do to the database, and writes nothing.",
    discussion: """
      Documents that would be inserted or replaced, with their fields and FHIR elements that would change; a conflict is a \
      field that the application changed and the import would change again. Exit code 1 with conflicts, or resources that \
      would be set aside. Differences go to standard output, the counts to standard error.
      """)

  @Argument(help: ArgumentHelp("What to import.", valueName: "file"))
  var files: [String]

  @Option(
    help: ArgumentHelp(
      "The MongoDB URI. One with a password is better kept in MONGODB_URI or a --uri-file.", valueName: "uri")
  )
  var to: String?

  @Option(help: "text, or json (one object).")
  var format: SummaryFormat = .text

  @Option(help: ArgumentHelp("How many documents of each kind of change to show.", valueName: "n"))
  var limit = 50

  @Flag(help: "Show the values that differ.")
  var showValues = false

  @Flag(help: "Take transaction Bundles entry by entry, as batches are, and not all or nothing.")
  var noTransactions = false

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var packages: PackageArguments
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (0...1_000_000).contains(limit) else {
      throw ValidationError("--limit takes a number from 0 to 1000000.")
    }
  }

  func run() throws {
    var configuration = try common.configuration()
    try database.apply(uri: to, to: &configuration)
    if noTransactions { configuration.honoursTransactions = false }
    let inputs = try common.find(files)
    var plan = PlanRun(try common.importRun(configuration, packages))
    plan.limit = limit
    let outcome = try plan.run(inputs, store: try Database.open(configuration))
    switch format {
    case .json: Terminal.write(outcome.json(showsValues: showValues) + "\n", to: STDOUT_FILENO)
    case .text:
      for line in outcome.lines(showsValues: showValues, colours: Terminal.outputColours) {
        Terminal.write(line + "\n", to: STDOUT_FILENO)
      }
      if !common.quiet {
        Terminal.say("What an import would do to documents:")
        outcome.table.forEach(Terminal.say)
        Terminal.say("and to resources:")
        outcome.summary.lines(colours: Terminal.colours).forEach(Terminal.say)
      }
    }
    try outcome.exitStatus.leave()
  }
}
