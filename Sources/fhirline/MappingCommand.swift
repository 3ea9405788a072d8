import ArgumentParser
import FHIRMapping
import FHIRPipeline
import Glibc

struct MappingCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mapping",
    abstract: "Checks mapping files, runs their examples, tells what becomes what.",
    discussion: "Without files it is about those that the configuration names, else those built in.",
    subcommands: [Check.self, Test.self, Explain.self])

  struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "check",
      abstract: "Finds every mistake in mapping files: file, line, column, and what was expected.",
      discussion: """
        Paths, types and codes are checked against R4's definitions. Then every field is tried: what a document says in it \
        must export as valid FHIR, and be imported as it was.
        """)

    @Argument(help: ArgumentHelp("Mapping files, or a folder of them.", valueName: "file"))
    var files: [String] = []

    @OptionGroup var common: MappingOptions

    func run() throws {
      let run = MappingCheckRun(try MappingFiles(files, try common.configuration()))
      for line in run.lines { Terminal.write(line + "\n", to: STDOUT_FILENO) }
      Terminal.say(run.summary)
      try (run.errorCount == 0 ? ExitStatus.done : .findings).leave()
    }
  }

  struct Test: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "test",
      abstract: "Runs the examples beside the mappings: FHIR in, document out, and back.",
      discussion:
        "Examples stand in the folder examples beside the mapping files; docs/mappings.md has their form.")

    @Argument(
      help: ArgumentHelp("Files of examples; those beside the mappings if not told.", valueName: "file"))
    var files: [String] = []

    @Flag(help: "Name every example, also those that hold.")
    var list = false

    @OptionGroup var common: MappingOptions

    func run() throws {
      let configuration = try common.configuration()
      let examples = files.isEmpty ? try MappingFiles([], configuration).examples : files
      guard !examples.isEmpty else {
        throw PipelineFailure(
          .usage,
          "there are no examples: expected files in the folder examples beside the mapping files, or their names"
        )
      }
      var run = MappingTestRun(try Database.mappings(configuration))
      for file in examples { try run.run(file: file) }
      if list {
        for result in run.results {
          Terminal.write(
            "\(result.holds ? "holds" : "FAILS")  \(result.document): \(result.example)\n", to: STDOUT_FILENO)
        }
      }
      for line in run.failures { Terminal.write(line + "\n", to: STDOUT_FILENO) }
      Terminal.say(run.summary)
      try (run.failures.isEmpty ? ExitStatus.done : .findings).leave()
    }
  }

  struct Explain: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "explain",
      abstract: "Tells what becomes what, both ways.",
      discussion:
        "For a document, a field, a resource type or an element: patient, patient.name, Observation, Patient.telecom."
    )

    @Argument(help: ArgumentHelp("patient.primary_phone, Patient.telecom, …", valueName: "subject"))
    var subjects: [String]

    @OptionGroup var common: MappingOptions

    func run() throws {
      let explanation = MappingExplanation(try Database.mappings(try common.configuration()))
      do {
        let articles = try subjects.flatMap { try explanation.articles(on: $0) }
        let texts = articles.map { $0.text(colours: Terminal.outputColours) }
        Terminal.write(texts.joined(separator: "\n"), to: STDOUT_FILENO)
      } catch let unknown as MappingExplanation.Unknown {
        throw PipelineFailure(.usage, unknown.message)
      }
    }
  }
}

/// Which mappings a command is about.
struct MappingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The configuration file.", valueName: "file"))
  var config: String?

  @Option(help: ArgumentHelp("The folder of the mapping files.", valueName: "folder"))
  var mappings: String?

  func configuration() throws -> PipelineConfiguration {
    var configuration = try CommonOptions.configuration(file: config)
    if let mappings { configuration.mappings = mappings }
    return configuration
  }
}
