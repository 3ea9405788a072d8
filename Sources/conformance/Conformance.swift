import ArgumentParser
import Foundation

/// Runs the public conformance suites and keeps the score: `make conformance`.
@main
struct Conformance: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "conformance", abstract: "Runs conformance suites and keeps the score.",
    discussion: """
      SUITES is a folder that holds any of validator/, fhirpath/, json/ and primitives/, or a clone of
      https://github.com/FHIR/fhir-test-cases. Exit code 1: something failed, or passed, that was not expected to.
      """)

  @Argument(help: ArgumentHelp("The folder of the suites.", valueName: "suites"))
  var suites: String

  @Option(
    name: .customLong("case"), help: "Runs cases whose name contains this, and shows them side by side.")
  var name: String?

  @Option(help: "The file of expected failures.")
  var expected = "Tests/Conformance/expected-failures.txt"

  @Option(help: "The page with the score to write.")
  var page: String?

  @Flag(help: "Print the lines that the file of expected failures would need for all that fails.")
  var listFailures = false

  func run() throws {
    let folder = URL(filePath: suites, directoryHint: .isDirectory)
    let all: [(any Suite)?] = [
      try ValidatorSuite(folder), try FHIRPathSuite(folder), try JSONSuite(folder),
      try PrimitiveSuite(folder),
    ]
    let found = all.compactMap { $0 }
    guard !found.isEmpty else { throw ValidationError("\(suites): none of the suites is in this folder.") }
    if let name { return try show(found, matching: name) }

    var score = Score()
    for suite in found {
      let results = suite.run(matching: nil)
      score.add(suite, results)
    }
    let verdict = try ExpectedFailures(path: expected).judge(score)
    print(score.table)
    if listFailures { verdict.unexpectedFailures.forEach { print("\($0.id)  # \($0.why)") } }
    if let page { try score.page(verdict).write(toFile: page, atomically: true, encoding: .utf8) }
    for line in verdict.lines where !listFailures { print(line) }
    if !verdict.isGood { throw ExitCode(1) }
  }

  private func show(_ suites: [any Suite], matching name: String) throws {
    var count = 0
    for suite in suites {
      for result in suite.run(matching: name) {
        print(result.description + "\n")
        count += 1
      }
    }
    guard count > 0 else { throw ValidationError("There is no case whose name contains \(name).") }
  }
}
