import ArgumentParser
import FHIRPipeline
import Glibc

struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Compares two sets of FHIR files, resource by resource, whatever their formats.",
    discussion:
      "Exit code 0: equal; 1: differences, or something that cannot be read, beside which all else is compared. Values are not shown."
  )

  @Argument(help: ArgumentHelp("A file or folder.", valueName: "first"))
  var first: String

  @Argument(help: ArgumentHelp("A file or folder.", valueName: "second"))
  var second: String

  @OptionGroup var file: ConfigurationOption

  func run() throws {
    var run = CompareRun()
    try file.configuration().limits.apply(to: &run.reading)
    let sets = try [first, second].map { try InputFile.find([$0]) { Terminal.say("fhirline: \($0)") } }
    let report = try run.run(sets[0], sets[1])
    for line in report.lines { Terminal.write(line + "\n", to: STDOUT_FILENO) }
    try (report.isOfNothing ? ExitStatus.couldNotRun : report.isEqual ? .done : .findings).leave()
  }
}
