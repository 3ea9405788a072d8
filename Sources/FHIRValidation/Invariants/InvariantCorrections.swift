/// Invariants of R4 whose expression does not say what the invariant means, as HL7 has corrected them since.
enum InvariantCorrections {
  /// The expression to be evaluated for an invariant.
  static func expression(of key: String, _ text: String) -> String {
    switch key {
    case "tim-9":
      // `in` takes one item on its left; an offset may come with several events.
      return
        "offset.empty() or (when.exists() and when.all(($this in ('C' | 'CM' | 'CD' | 'CV')).not()))"
    case "que-7":
      // The value is FHIR's boolean.
      return text.replacing("is Boolean", with: "is boolean")
    case "que-12":
      // "More than one", says the rule itself.
      return text.replacing("> 2", with: ">= 2")
    case "ras-2":
      // A prediction may have no probability.
      return "probability.empty() or (\(text))"
    case "eld-19", "eld-20": return anchored(text)
    case _ where key.hasSuffix("-0"): return anchored(text)
    default: return text
    }
  }

  /// Whether an invariant is kept where its expression gives nothing: a name that is not there is not badly written.
  static func allowsNothing(_ key: String) -> Bool { key.hasSuffix("-0") }

  /// `matches()` finds its pattern anywhere in a text; these mean the whole text.
  private static func anchored(_ text: String) -> String {
    text.replacing("matches('", with: "matches('^(?:").replacing("')", with: ")$')")
  }
}

extension String {
  /// Replaces every occurrence of a text. (Foundation's is not at hand here, and the regular expressions' is dear.)
  fileprivate func replacing(_ wanted: String, with other: String) -> String {
    var result = ""
    var rest = self[...]
    while !rest.isEmpty {
      if rest.hasPrefix(wanted) {
        result += other
        rest = rest.dropFirst(wanted.count)
      } else if let first = rest.popFirst() {
        result.append(first)
      }
    }
    return result
  }
}
