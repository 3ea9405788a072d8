import ArgumentParser
import FHIRPipeline
import Glibc

struct QuarantineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quarantine", abstract: "Lists, shows and imports again what imports set aside.",
    discussion: """
      A quarantine file holds a resource a line, with its reasons. Correct the resources in the file, or what the import \
      goes by (packages, mappings, the database), and replay it: what loads now leaves the file.
      """,
    subcommands: [ListCommand.self, ShowCommand.self, ReplayCommand.self], defaultSubcommand: ListCommand.self
  )

  /// Which files: those named, else the one that imports write, and those beside it.
  struct Files: ParsableArguments {
    @Option(
      name: [.customLong("file"), .customLong("quarantine")],
      help: ArgumentHelp(
        "A quarantine file; may be repeated. Else the one that imports write, with its successors.",
        valueName: "file"))
    var files: [String] = []

    /// - Parameter named: those that stand on the command line without the option.
    func find(_ configuration: PipelineConfiguration, named: [String] = []) -> [String] {
      let files = files + named
      return files.isEmpty ? QuarantineFile.find(configuration.quarantine ?? "quarantine.ndjson") : files
    }
  }

  struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list", abstract: "What is set aside, grouped by reason, with where it was read.")

    @Argument(help: ArgumentHelp("Quarantine files, as --file names them.", valueName: "file"))
    var named: [String] = []

    @Option(help: "text, or json (one object).")
    var format: SummaryFormat = .text

    @OptionGroup var files: Files
    @OptionGroup var common: CommonOptions

    func run() throws {
      let list = try QuarantineList(files.find(try common.configuration(), named: named))
      switch format {
      case .json: Terminal.write(list.json + "\n", to: STDOUT_FILENO)
      case .text:
        for line in list.lines(colours: Terminal.outputColours) {
          Terminal.write(line + "\n", to: STDOUT_FILENO)
        }
        if list.count == 0, !common.quiet { Terminal.say("fhirline: nothing is set aside") }
      }
    }
  }

  struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "One resource that is set aside, with its reasons.",
      discussion: "ID is the line of the quarantine file, as list names it, or the resource's id or Type/id.")

    @Argument(help: ArgumentHelp("What to show.", valueName: "id"))
    var ids: [String]

    @OptionGroup var files: Files
    @OptionGroup var common: CommonOptions

    func run() throws {
      let paths = files.find(try common.configuration())
      var status = ExitStatus.done
      for id in ids {
        let count = try QuarantineShow.run(id, in: paths, colours: Terminal.outputColours) {
          Terminal.write($0, to: STDOUT_FILENO)
        }
        if count == 0 {
          // A file comes with --file here, for a line or a resource is asked for.
          Terminal.say(
            access(id, F_OK) == 0 && paths.isEmpty || id.contains(".ndjson")
              ? "fhirline: \(id): a line of a quarantine file or a resource was expected; --file names the file, and list what is in it"
              : "fhirline: \(id): no such line or resource is set aside")
          status = .findings
        }
      }
      try status.leave()
    }
  }

  struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "replay",
      abstract: "Imports again what is set aside, and leaves in the file what fails again.",
      discussion: """
        What loads leaves the file, what fails stays in it with its new reasons; a file in which nothing is left is \
        removed. Exit code 1 where something stays.
        """)

    @Argument(help: ArgumentHelp("Quarantine files, as --file names them.", valueName: "file"))
    var named: [String] = []

    @Option(
      help: ArgumentHelp(
        "The MongoDB URI. One with a password is better kept in MONGODB_URI or a --uri-file.",
        valueName: "uri"))
    var to: String?

    @Option(
      help: "How the summary is written: text (standard error) or json (one object on standard output).")
    var summary: SummaryFormat = .text

    @Flag(help: "Load transaction Bundles entry by entry, as batches are, and not all or nothing.")
    var noTransactions = false

    @OptionGroup var files: Files
    @OptionGroup var database: DatabaseOptions
    @OptionGroup var packages: PackageArguments
    @OptionGroup var common: CommonOptions

    func run() throws {
      var configuration = try common.configuration()
      try database.apply(uri: to, to: &configuration)
      if noTransactions { configuration.honoursTransactions = false }
      let paths = files.find(configuration, named: named)
      guard !paths.isEmpty else {
        if !common.quiet { Terminal.say("fhirline: nothing is set aside") }
        return
      }
      let run = try common.importRun(configuration, packages)
      let replay = try QuarantineReplay(paths, honoursTransactions: run.honoursTransactions)
      let outcome = try replay.run(run, store: try Database.open(configuration, confirmsAtEnd: true))
      common.tell(outcome.run, of: run, as: summary)
      if !common.quiet {
        for file in outcome.files {
          let strangers = outcome.strangers[file.path] ?? 0
          Terminal.say(
            file.after == 0
              ? "  \(file.path): nothing is left: the file is removed"
              : "  \(file.path): \(Amount.grouped(file.after - strangers)) of "
                + "\(Amount.of(file.before - strangers, "resource")) left")
          if strangers > 0 {
            Terminal.say(
              "  \(file.path): \(Amount.of(strangers, "line")) that cannot be read as entries stay as they are: "
                + "an entry is one line of JSON")
          }
          if let unfinished = outcome.unfinished[file.path] {
            Terminal.say(
              "  \(file.path): \(Amount.of(unfinished, "resource")) of a transaction Bundle whose file broke off: of it all is "
                + "loaded, or nothing: import the whole file again (--no-transactions loads what is here)")
          }
          if let beginnings = outcome.beginnings[file.path] {
            Terminal.say(
              "  \(file.path): \(Amount.of(beginnings, "resource")) too large to be set aside whole: raise the limit that "
                + "`fhirline quarantine list` names, and import what they were read from again")
          }
        }
      }
      try outcome.exitStatus.leave()
    }
  }
}
