/// The units that the language has words for: `4 days`.
///
/// See https://hl7.org/fhirpath/N1/#time-valued-quantities
package enum CalendarUnit: String, CaseIterable, Sendable {
  case year, month, week, day, hour, minute, second, millisecond

  /// `day` or `days`
  init?(word: String) {
    self.init(rawValue: word.hasSuffix("s") ? String(word.dropLast()) : word)
  }

  /// The unit of UCUM that means nearly or exactly the same.
  var ucum: String {
    switch self {
    case .year: "a"
    case .month: "mo"
    case .week: "wk"
    case .day: "d"
    case .hour: "h"
    case .minute: "min"
    case .second: "s"
    case .millisecond: "ms"
    }
  }

  /// The unit that means exactly the same as one of UCUM's. A year is not `a` (365.25 days), nor a month `mo`.
  init?(sameAsUCUM code: String) {
    switch code {
    case "wk": self = .week
    case "d": self = .day
    case "h": self = .hour
    case "min": self = .minute
    case "s": self = .second
    case "ms": self = .millisecond
    default: return nil
    }
  }

  /// A year is 12 months among years and months, and 365 days otherwise; a month has 30.
  var milliseconds: Int64 {
    switch self {
    case .year: 365 * 86_400_000
    case .month: 30 * 86_400_000
    case .week: 7 * 86_400_000
    case .day: 86_400_000
    case .hour: 3_600_000
    case .minute: 60_000
    case .second: 1_000
    case .millisecond: 1
    }
  }
}
