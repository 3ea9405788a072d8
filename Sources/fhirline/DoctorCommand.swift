import ArgumentParser
import FHIRPipeline
import Glibc

struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Finds what is wrong in the documents and between them.",
    discussion: """
      Ids that lead nowhere, lists that only one side knows of, last appointments that are not the last, visits before \
      they were scheduled, bills for visits that were not held, NPIs, charts of nobody, types that drifted, pages, hashes. \
      --fix repairs the fields that are made of other documents, and nothing else. Exit code 1 with findings that are \
      left.
      """)

  @Option(
    help: ArgumentHelp("The MongoDB URI; else --uri-file, MONGODB_URI, or pipeline.yml.", valueName: "uri"))
  var from: String?

  @Option(help: "text, or json (one object).")
  var format: SummaryFormat = .text

  @Flag(help: "Repair derived fields: lists of appointments, last appointments.")
  var fix = false

  @Option(help: ArgumentHelp("How many documents to name of each group of findings.", valueName: "n"))
  var limit = 20

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var common: CommonOptions

  func validate() throws {
    guard (1...10_000_000).contains(limit) else {
      throw ValidationError("--limit takes a number from 1 to 10000000.")
    }
  }

  func run() throws {
    var configuration = try common.configuration()
    try database.apply(uri: from, to: &configuration)
    var run = try DoctorRun(configuration)
    run.workers = common.workerCount(configuration)
    run.fixes = fix
    run.limit = limit
    run.showsProgress = !common.quiet && !common.noProgress
    let outcome = try run.run(store: try Database.open(configuration))
    switch format {
    case .json: Terminal.write(outcome.json + "\n", to: STDOUT_FILENO)
    case .text:
      for line in outcome.lines(colours: Terminal.outputColours) {
        Terminal.write(line + "\n", to: STDOUT_FILENO)
      }
    }
    if !common.quiet { Terminal.say("fhirline: " + outcome.closing) }
    try outcome.exitStatus.leave()
  }
}
