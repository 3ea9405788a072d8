import ArgumentParser
import FHIRPipeline
import Glibc

struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Sets the database up: collections, indexes, validators.",
    discussion: """
      The indexes are those of the platform's queries and of the import; the validators say which type each field has, as \
      the mappings give it. What is there already stays; an existing database is set up as well. A validator that warns \
      has the server note a document that does not fit in its log, with its values; one of action error refuses it. \
      Documents that are stored and do not fit stay writable. What cannot be done is said on standard error, and the rest is \
      done all the same; exit code 1 then.
      """)

  @Option(
    help: ArgumentHelp("The MongoDB URI; else --uri-file, MONGODB_URI, or pipeline.yml.", valueName: "uri"))
  var to: String?

  @Option(
    help: "What validators do: warn, error, or off for none; warn, or what they do already, if not told.")
  var validation: SetUpRun.Validation?

  @Flag(help: "Put validators in the place of others that are there.")
  var replaceValidators = false

  @Flag(help: "Say what would be done, and do nothing.")
  var dryRun = false

  @Option(help: "text, or json (an object a line).")
  var format: SummaryFormat = .text

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    var configuration = try common.configuration()
    try database.apply(uri: to, to: &configuration)
    var run = try SetUpRun(configuration)
    run.validation = validation
    run.isDryRun = dryRun
    run.replaces = replaceValidators
    let (isQuiet, format) = (common.quiet, format)
    run.tell = { step in
      // Data goes to standard output; what could not be done is said to whoever asked for silence, too.
      if format == .json {
        Terminal.write(step.json + "\n", to: STDOUT_FILENO)
      } else if step.kind == .refused {
        Terminal.say("fhirline: " + step.text)
      } else if !isQuiet {
        Terminal.write(step.text + "\n", to: STDOUT_FILENO)
      }
    }
    try run.run(store: try Database.open(configuration)).leave()
  }
}

extension SetUpRun.Validation: ExpressibleByArgument {}
