import FHIRModel

/// What makes a finding the same one as that of an earlier run, though lines have come and gone above it: its input, rule
/// and element. Where several agree in these they are told apart by their order.
struct Fingerprint: Hashable {
  let source: String
  let rule: String
  let expression: String

  init(source: String, rule: String, expression: String) {
    self.source = source.hasPrefix("./") ? String(source.dropFirst(2)) : source
    self.rule = rule
    self.expression = expression
  }

  init(_ finding: Finding, source: String) {
    self.init(source: source, rule: finding.issue.rule.code, expression: finding.issue.expression)
  }

  /// A number that is the same in every run and on every machine.
  var hash: UInt64 { hash(0) }

  private func hash(_ ordinal: Int) -> UInt64 {
    ContentHash.of("\(source)\u{0}\(rule)\u{0}\(expression)\u{0}\(ordinal)")
  }

  /// Sixteen hexadecimal digits that are the same in every run and on every machine.
  func text(ordinal: Int) -> String { ContentHash.hex(hash(ordinal)) }
}

/// Numbers findings that agree in all that makes them the same, from 0, within one input.
struct FingerprintCounter {
  private var source = ""
  private var counts: [Fingerprint: Int] = [:]

  mutating func ordinal(_ print: Fingerprint) -> Int {
    // Findings come input by input: what came before need not be remembered.
    if print.source != source {
      counts = [:]
      source = print.source
    }
    defer { counts[print, default: 0] += 1 }
    return counts[print] ?? 0
  }
}
