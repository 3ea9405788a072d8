extension RuleExplanation {
  /// Every explanation there is: the program's own rules in the order of a resource's way, then invariants.
  package static let all: [RuleExplanation] = []

  private static let byCode: [String: RuleExplanation] =
    Dictionary(all.map { ($0.code, $0) }) { first, _ in first }

  /// The explanation of a rule by its code.
  package static func of(_ code: String) -> RuleExplanation? { byCode[code] }
}
