import ArgumentParser
import FHIRPipeline
import Glibc

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Tells what a rule means, why it is there, and how to mend what it finds.",
    discussion: "A rule's code stands in brackets behind each finding. Without one, all rules are listed.")

  @Argument(
    help: ArgumentHelp("The rule's code, or an invariant's key: cardinality-min, pat-1.", valueName: "rule"))
  var rule: String?

  @Flag(help: "Write all explanations as Markdown.")
  var markdown = false

  func validate() throws {
    if markdown, let rule {
      throw ValidationError("--markdown writes all explanations: leave \(rule) out, or --markdown.")
    }
  }

  func run() throws {
    let text =
      if markdown {
        RuleText.page()
      } else if let rule {
        try RuleText.text(of: rule, colours: Terminal.outputColours)
      } else {
        RuleText.list()
      }
    Terminal.write(text, to: STDOUT_FILENO)
  }
}
