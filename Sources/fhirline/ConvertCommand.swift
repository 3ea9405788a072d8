import ArgumentParser
import FHIRFormats
import FHIRPipeline
import Glibc

struct ConvertCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "convert", abstract: "Writes the same resources in another format: JSON, XML, or NDJSON.",
    discussion:
      "A folder is converted file by file into a folder. A file whose name ends in .gz is zipped. Findings go to standard error."
  )

  @Argument(help: ArgumentHelp("A file, a folder, or - for standard input.", valueName: "in"))
  var input: String

  @Argument(help: ArgumentHelp("A file, a folder, or - for standard output.", valueName: "out"))
  var output: String

  @Option(help: "json, xml or ndjson; told by the name of OUT if not given.")
  var format: OutputFormat?

  @Flag(help: "Indent the output.")
  var pretty = false

  @Flag(help: "Say nothing but findings.")
  var quiet = false

  @OptionGroup var file: ConfigurationOption

  func run() throws {
    var run = ConvertBatch(format: format?.format, pretty: pretty)
    try file.configuration().limits.apply(to: &run.reading)
    let report = try run.run(input, to: output) { if !quiet { Terminal.say("fhirline: \($0)") } }
    for finding in report.findings.lines { Terminal.say(finding) }
    if report.findings.others > 0 { Terminal.say("… \(report.findings.others) more findings") }
    if !quiet && output != "-" { Terminal.say(report.line) }
    try report.exitStatus.leave()
  }
}

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case json, xml, ndjson

  var format: Format {
    switch self {
    case .json: .json
    case .xml: .xml
    case .ndjson: .ndjson
    }
  }
}
