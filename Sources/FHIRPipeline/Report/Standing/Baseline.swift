import Foundation

/// The findings of an earlier run: those that come again are known, and do not fail.
///
/// A finding is the same by its input, rule and element; where several agree in these, so many are known as there were.
package struct Baseline: Sendable {
  private var counts: [UInt64: Int] = [:]

  /// Reads a report of format `ndjson` or `json`, or what `--write-baseline` wrote.
  package init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw PipelineFailure(
        .configuration, "\(path): this baseline cannot be read; --write-baseline FILE makes one")
    }
    let start = data.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
    if start == UInt8(ascii: "[") {
      try addOutcomes(data, path: path)
    } else {
      try addLines(data, path: path)
    }
  }

  /// Whether a finding is one of those known; each is known once.
  mutating func takes(_ print: Fingerprint) -> Bool {
    guard let count = counts[print.hash], count > 0 else { return false }
    counts[print.hash] = count - 1
    return true
  }

  private mutating func add(_ print: Fingerprint, count: Int = 1) { counts[print.hash, default: 0] += count }

  private struct Line: Decodable {
    let source: String
    let rule: String
    let expression: String
    let count: Int?
  }

  private mutating func addLines(_ data: Data, path: String) throws {
    let decoder = JSONDecoder()
    for (number, line) in data.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x0D }) { continue }
      guard let line = try? decoder.decode(Line.self, from: line), line.count ?? 1 > 0 else {
        throw PipelineFailure(
          .configuration,
          "\(path):\(number + 1): a finding was expected here: an object with source, rule and expression")
      }
      add(
        Fingerprint(source: line.source, rule: line.rule, expression: line.expression), count: line.count ?? 1
      )
    }
  }

  private struct Outcome: Decodable {
    struct Extension: Decodable {
      let url: String
      let valueString: String?
    }
    struct Issue: Decodable {
      let details: Details?
      let expression: [String]?
    }
    struct Details: Decodable {
      struct Coding: Decodable { let code: String? }
      let coding: [Coding]?
    }
    let `extension`: [Extension]?
    let issue: [Issue]
  }

  private mutating func addOutcomes(_ data: Data, path: String) throws {
    guard let outcomes = try? JSONDecoder().decode([Outcome].self, from: data) else {
      throw PipelineFailure(
        .configuration,
        "\(path): a report of format json was expected here: an array of OperationOutcomes")
    }
    for outcome in outcomes {
      guard let source = outcome.extension?.first(where: { $0.url == OutcomeReport.sourceURL })?.valueString
      else {
        throw PipelineFailure(.configuration, "\(path): an OperationOutcome here does not tell its input")
      }
      for issue in outcome.issue {
        // A clean input has an issue without a rule that says so.
        guard let rule = issue.details?.coding?.first?.code else { continue }
        add(Fingerprint(source: source, rule: rule, expression: issue.expression?.first ?? ""))
      }
    }
  }
}

/// Writes the findings of a run as a baseline: a line for each that differs from the others, with its count.
struct BaselineWriter {
  private let file: OutputFile
  private(set) var findings = 0
  private var source = ""
  private var order: [Fingerprint] = []
  private var counts: [Fingerprint: Int] = [:]

  init(path: String) throws { file = try OutputFile(path: path) }

  mutating func add(_ print: Fingerprint) throws {
    // Findings come input by input, and one input's are all that is held.
    if print.source != source { try writeInput() }
    source = print.source
    if counts[print] == nil { order.append(print) }
    counts[print, default: 0] += 1
    findings += 1
  }

  mutating func end() throws {
    try writeInput()
    try file.finish()
  }

  private mutating func writeInput() throws {
    for print in order {
      var members = [
        ("source", JSONText.quoted(print.source)), ("rule", JSONText.quoted(print.rule)),
        ("expression", JSONText.quoted(print.expression)),
      ]
      if let count = counts[print], count > 1 { members.append(("count", String(count))) }
      try file.write(JSONText.object(members) + "\n")
    }
    order = []
    counts = [:]
  }
}
