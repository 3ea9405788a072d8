import FHIRModel
import FHIRValidation

/// What rules mean, for a terminal and for docs/rules.md.
package enum RuleText {
  /// The explanation of a rule, for a terminal.
  package static func text(of code: String, colours: Bool) throws -> String {
    guard let rule = RuleExplanation.of(code) else { throw PipelineFailure(.usage, unknown(code)) }
    var text = Terminal.styled(rule.code, .bold, when: colours) + ": \(rule.title).\n\n"
    text += wrapped(rule.meaning) + "\n\n" + wrapped(rule.reason) + "\n"
    text += "\n" + Terminal.styled("What to do", .bold, when: colours) + "\n" + wrapped(rule.remedy) + "\n"
    for (name, example, style) in [("Wrong", rule.bad, Terminal.Style.red), ("Right", rule.good, .green)] {
      guard let example else { continue }
      let lines = example.text.split(separator: "\n").map { "    \($0)\n" }.joined()
      text += "\n" + Terminal.styled(name, style, when: colours) + "\n" + lines
    }
    return text
  }

  private static func unknown(_ code: String) -> String {
    let words = "there is no rule \(FindingText.printable(FindingText.shortened(code, to: 60)))"
    let hint = "`fhirline explain` lists all"
    guard let near = closest(to: code, among: RuleExplanation.codes) else { return "\(words); \(hint)" }
    return "\(words); did you mean \(near)? \(hint)"
  }

  /// Every rule with its title, a line each.
  package static func list() -> String {
    (RuleExplanation.own + RuleExplanation.invariants)
      .map { "\($0.code)\(String(repeating: " ", count: max(1, 22 - $0.code.count)))\($0.title)\n" }.joined()
  }

  /// docs/rules.md.
  package static func page() -> String {
    var page = """
      # Rules

      What `fhirline validate` finds, by the code that stands behind each finding. `fhirline explain RULE` tells the same.
      Written by `make rules` from the program's own texts.

      """
    page += "\n## The program's own rules\n"
    for rule in RuleExplanation.own { page += section(rule) }
    page += "\n## Invariants of FHIR R4\n\nAn invariant's code is its key in the specification.\n"
    for rule in RuleExplanation.invariants where rule.bad != nil { page += section(rule) }
    page += "\n### Others\n\n| key | what must be so | where |\n|---|---|---|\n"
    for rule in RuleExplanation.invariants where rule.bad == nil {
      page += "| `\(rule.code)` | \(cell(rule.title)) | \(cell(rule.meaning)) |\n"
    }
    return page
  }

  private static func section(_ rule: RuleExplanation) -> String {
    var text = "\n### `\(rule.code)`\n\n\(rule.title). \(rule.meaning)\n\n\(rule.reason)\n\n"
    text += "*What to do:* \(rule.remedy)\n"
    for (name, example) in [("Wrong", rule.bad), ("Right", rule.good)] {
      guard let example else { continue }
      if example.isExcerpt {
        text += "\n*\(name):* \(example.text)\n"
      } else {
        let body = example.text.isEmpty ? "" : example.text + "\n"
        text += "\n*\(name):*\n\n```\(example.language.rawValue)\n\(body)```\n"
      }
    }
    return text
  }

  private static func cell(_ text: String) -> String { text.replacing("|", with: "\\|") }

  /// Lines of at most a hundred columns.
  private static func wrapped(_ text: String) -> String {
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, line.count + word.count >= 100 {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? String(word) : " " + word
    }
    return (lines + [line]).joined(separator: "\n")
  }
}
