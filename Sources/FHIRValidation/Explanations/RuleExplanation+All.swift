extension RuleExplanation {
  /// The program's own rules, in the order of a resource's way through it.
  package static let own: [RuleExplanation] =
    reading + structure + terminology + definedResources + definitions + narrativesAndBundles + profiles

  private static let byCode: [String: RuleExplanation] =
    Dictionary((own + invariants).map { ($0.code, $0) }) { first, _ in first }

  /// The explanation of a rule by its code.
  package static func of(_ code: String) -> RuleExplanation? { byCode[code] }

  /// Every code that is explained: the program's own rules, then the invariants.
  package static var codes: [String] { (own + invariants).map(\.code) }
}
