import ArgumentParser
import FHIRPipeline

struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Turns the collections back into FHIR.",
    discussion: """
      Formats: ndjson (a folder of one file a type, with a manifest), bundle (one file; XML if its name ends in .xml, \
      zipped if in .gz), json and xml (a folder of single files). The same data gives the same bytes.
      """)

  @Option(
    help: ArgumentHelp("The MongoDB URI; else --uri-file, MONGODB_URI, or pipeline.yml.", valueName: "uri"))
  var from: String?

  @Option(help: ArgumentHelp("Folder or file to write; - is standard output.", valueName: "path"))
  var out: String

  @Option(help: "ndjson, bundle, json or xml.")
  var format: ExportOptions.Format = .ndjson

  @Option(
    name: .customLong("type"),
    help: ArgumentHelp("Only resources of this type; may be repeated.", valueName: "type"))
  var types: [String] = []

  @Option(
    name: .customLong("patient"),
    help: ArgumentHelp("Only what belongs to this patient; may be repeated.", valueName: "id"))
  var patients: [String] = []

  @Option(help: ArgumentHelp("Only what was updated since, by meta.lastUpdated.", valueName: "instant"))
  var since: String?

  @Option(help: ArgumentHelp("Only what was imported under this import.source.", valueName: "name"))
  var source: String?

  @Option(
    help: "resolved writes Type/id where the target is known; original gives every reference back as it came."
  )
  var references: ReferenceStyle = .resolved

  @Flag(help: "Indent JSON and XML (not NDJSON).")
  var pretty = false

  @Option(help: ArgumentHelp("What a Bundle's fullUrls begin with.", valueName: "url"))
  var baseURL: String?

  @Option(
    help: ArgumentHelp(
      "A file that names every field which could not be carried, a line of JSON each.", valueName: "file"))
  var report: String?

  @Flag(help: "Write into a folder that holds other files.")
  var overwrite = false

  @OptionGroup var database: DatabaseOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    var configuration = try common.configuration()
    try database.apply(uri: from, to: &configuration)
    var options = ExportOptions()
    options.format = format
    options.out = out
    options.pretty = pretty && format != .ndjson
    options.overwrites = overwrite
    options.report = report
    options.workers = common.workerCount(configuration)
    if let baseURL { try options.setBaseURL(baseURL) }
    if !types.isEmpty { options.types = try ExportOptions.checkedTypes(types) }
    if !patients.isEmpty {
      options.patients = Set(patients.map { $0.hasPrefix("Patient/") ? String($0.dropFirst(8)) : $0 })
    }
    if let since { try options.setSince(since) }
    if let source { try options.setSource(source) }
    options.setReferences(original: references == .original)
    try options.checkOut()
    var run = try ExportRun(configuration, options: options)
    run.showsProgress = !common.quiet && !common.noProgress && out != "-"
    let summary = try run.run(store: try Database.open(configuration))
    (common.quiet ? summary.errorLines : summary.lines(out: out)).forEach(Terminal.say)
    if summary.total == 0, options.types == nil, options.patients == nil, options.since == nil {
      // A name with a slip in it is a database too: an empty one.
      Terminal.say("fhirline: the database \(summary.database) holds nothing to export")
    } else if summary.total == 0, !common.quiet {
      Terminal.say("fhirline: the database \(summary.database) holds nothing of what was asked for")
    }
    try summary.exitStatus.leave()
  }
}

enum ReferenceStyle: String, ExpressibleByArgument, CaseIterable {
  case resolved, original
}

extension ExportOptions.Format: ExpressibleByArgument {}
