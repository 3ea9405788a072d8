/// What people are told of a rule: `fhirline explain RULE`, docs/rules.md, and the reports that have room for it.
package struct RuleExplanation: Hashable, Sendable {
  /// The rule's code; of an invariant its key.
  package let code: String
  /// What is wrong, in one sentence without a full stop at its end: `An element is missing that must be there`.
  package let title: String
  /// What the rule asks for.
  package let meaning: String
  /// Why it exists: what goes wrong without it.
  package let reason: String
  /// How to mend what it finds.
  package let remedy: String
  package let bad: Example?
  package let good: Example?

  package init(
    _ code: String, _ title: String, meaning: String, reason: String, remedy: String,
    bad: Example? = nil, good: Example? = nil
  ) {
    self.code = code
    self.title = title
    self.meaning = meaning
    self.reason = reason
    self.remedy = remedy
    self.bad = bad
    self.good = good
  }

  /// A source that shows the rule broken, or kept. Tests read and validate each.
  package struct Example: Hashable, Sendable {
    package enum Language: String, Hashable, Sendable {
      case json, ndjson, xml
    }

    package let language: Language
    package let text: String
    /// Whether the text is a part of a resource only, for people, and not to be tested.
    package let isExcerpt: Bool

    package static func json(_ text: String) -> Example {
      Example(language: .json, text: text, isExcerpt: false)
    }
    package static func ndjson(_ text: String) -> Example {
      Example(language: .ndjson, text: text, isExcerpt: false)
    }
    package static func xml(_ text: String) -> Example {
      Example(language: .xml, text: text, isExcerpt: false)
    }
    /// Words, or a stretch, where a whole source says less or cannot be shown.
    package static func excerpt(_ text: String) -> Example {
      Example(language: .json, text: text, isExcerpt: true)
    }
  }
}
