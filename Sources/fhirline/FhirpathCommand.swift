import ArgumentParser
import FHIRPipeline
import Glibc

struct FhirpathCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fhirpath",
    abstract: "Evaluates a FHIRPath expression against every resource.",
    discussion: """
      Each line of NDJSON and each entry of a Bundle is a resource; an expression that begins with Bundle is for \
      the Bundle as a whole. Results are shown with their type; they are patient data.
      """)

  @Argument(help: ArgumentHelp("What to evaluate, such as \"Patient.name.given\".", valueName: "expr"))
  var expression: String

  @Argument(
    help: ArgumentHelp("What to read; without any, the expression stands for itself.", valueName: "file"))
  var files: [String] = []

  @Option(help: "How results are written: text or json.")
  var format: ExpressionRun.Format = .text

  @OptionGroup var packages: PackageArguments
  @OptionGroup var file: ConfigurationOption

  @Flag(help: "Say nothing but the results.")
  var quiet = false

  /// The arguments with a space before expressions and files that begin with a minus: `-3 != 3` is no option.
  static func shielded(_ arguments: [String]) -> [String] {
    guard arguments.first == configuration.commandName else { return arguments }
    let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
    return arguments[..<end].map { argument in
      let staysSo =
        !argument.hasPrefix("-") || argument.hasPrefix("--") || argument == "-" || argument == "-h"
      return staysSo ? argument : " " + argument
    } + arguments[end...]
  }

  private static func unshielded(_ argument: String) -> String {
    argument.hasPrefix(" -") ? String(argument.dropFirst()) : argument
  }

  func run() throws {
    var run = try ExpressionRun(FhirpathCommand.unshielded(expression))
    run.format = format
    run.showsTraces = !quiet
    let configuration = try file.configuration()
    configuration.limits.apply(to: &run.reading)
    run.definitions = try packages.options(configuration).store { if !quiet { Terminal.say($0) } }
    let inputs = try InputFile.find(files.map(FhirpathCommand.unshielded)) {
      if !quiet { Terminal.say("fhirline: \($0)") }
    }
    let tally = try run.run(inputs) { Terminal.write($0, to: STDOUT_FILENO) }
    if !quiet { Terminal.say(tally.line) }
    try tally.exitStatus.leave()
  }
}

extension ExpressionRun.Format: ExpressibleByArgument {}
