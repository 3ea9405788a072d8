import FHIRModel

/// Findings that do not count, for a reason that somebody gave: those of a rule, at elements that a path covers.
package struct Suppression: Sendable, Equatable {
  /// The rule's code; `*` in it stands for any letters.
  package let rule: String
  /// As ``ElementPattern`` has it; nil covers every element.
  package let path: String?
  /// The input's name; `*` in it stands for anything. nil covers every input.
  package let source: String?
  package let reason: String
  /// The last day on which it holds: `2026-12-31`.
  package let expires: String?
  /// Where it stands in its file.
  package let line: Int

  package func isExpired(on today: String) -> Bool { expires.map { $0 < today } ?? false }

  func covers(_ finding: Finding, source name: String) -> Bool {
    guard Wildcard.matches(rule, finding.issue.rule.code) else { return false }
    if let source, !Wildcard.matches(source, name), !Wildcard.matches("./" + source, name) { return false }
    guard let path else { return true }
    return ElementPattern(path).matches(finding)
  }
}

/// A path of elements as people write it: `Patient.gender`, `Observation.component[1].code`, `Bundle.**.display`.
///
/// Without indices it covers an element however often it repeats, and a resource wherever it stands. `*` stands for any
/// letters of one name, `**` for any number of names.
struct ElementPattern {
  private let steps: [Substring]
  private let hasIndices: Bool

  init(_ text: String) {
    steps = text.split(separator: ".")
    hasIndices = text.contains("[")
  }

  func matches(_ finding: Finding) -> Bool {
    let expression = finding.issue.expression
    if hasIndices { return matches(expression) }
    return matches(finding.genericPath) || matches(Finding.withoutIndices(expression))
  }

  func matches(_ path: String) -> Bool {
    ElementPattern.matches(steps[...], path.split(separator: ".")[...])
  }

  /// Goes through the steps as a pattern of wildcards does through letters, without recursion.
  private static func matches(_ steps: ArraySlice<Substring>, _ names: ArraySlice<Substring>) -> Bool {
    var step = steps.startIndex
    var name = names.startIndex
    var resume: (step: Int, name: Int)?
    while name < names.endIndex {
      if step < steps.endIndex, steps[step] == "**" {
        step += 1
        resume = (step, name)
      } else if step < steps.endIndex, Wildcard.matches(String(steps[step]), String(names[name])) {
        step += 1
        name += 1
      } else if let last = resume {
        step = last.step
        name = last.name + 1
        resume = (last.step, last.name + 1)
      } else {
        return false
      }
    }
    return steps[step...].allSatisfy { $0 == "**" }
  }
}

/// Texts in which `*` stands for anything.
enum Wildcard {
  static func matches(_ pattern: String, _ text: String) -> Bool {
    guard pattern.utf8.contains(UInt8(ascii: "*")) else { return pattern == text }
    let pattern = Array(pattern.utf8)
    let text = Array(text.utf8)
    var next = 0
    var at = 0
    var resume: (pattern: Int, text: Int)?
    while at < text.count {
      if next < pattern.count, pattern[next] == UInt8(ascii: "*") {
        next += 1
        resume = (next, at)
      } else if next < pattern.count, pattern[next] == text[at] {
        next += 1
        at += 1
      } else if let last = resume {
        next = last.pattern
        at = last.text + 1
        resume = (last.pattern, last.text + 1)
      } else {
        return false
      }
    }
    return pattern[next...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}
