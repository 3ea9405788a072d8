import ArgumentParser
import FHIRPipeline
import Glibc

struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace", abstract: "Tells where a document, and each resource in it, came from.",
    discussion: """
      A line a resource: the file and line it was read at, the import, the document that holds it, the digest of its \
      content. ID is the _id of a document, or Type/id. A resource that came again unchanged keeps its first origin.
      """)

  @Argument(help: ArgumentHelp("What to trace.", valueName: "id"))
  var ids: [String]

  @Option(
    help: ArgumentHelp("The MongoDB URI; else --uri-file, MONGODB_URI, or pipeline.yml.", valueName: "uri"))
  var from: String?

  @Option(help: "text, or json (an object a line).")
  var format: SummaryFormat = .text

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    var configuration = try common.configuration()
    try database.apply(uri: from, to: &configuration)
    let run = try TraceRun(configuration)
    let store = try Database.open(configuration)
    var status = ExitStatus.done
    for id in ids {
      let count = try run.run(id, store: store) { trace in
        let text = format == .json ? trace.json : FindingText.printable(trace.text)
        Terminal.write(text + "\n", to: STDOUT_FILENO)
      } empty: { collection, document in
        if !common.quiet {
          let name = FindingText.printable("\(collection) \(document)")
          Terminal.say("fhirline: \(name): no import brought a resource into it")
        }
      }
      if count == 0 {
        Terminal.say(
          "fhirline: \(FindingText.printable(id)): the database has no such document or resource"
            + (id.contains("/") ? "" : "; a resource within a document is asked for as Type/id"))
        status = .findings
      }
    }
    try status.leave()
  }
}
