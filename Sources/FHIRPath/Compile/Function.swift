/// The functions of the language: their names, how many arguments they take, and what kind of result they give.
///
/// See https://hl7.org/fhirpath/N1/#functions and https://hl7.org/fhir/R4/fhirpath.html#functions
enum Function: String, CaseIterable {
  // 5.1 Existence
  case empty, exists, all, allTrue, anyTrue, allFalse, anyFalse, subsetOf, supersetOf, count, distinct,
    isDistinct
  // 5.2 Filtering and projection
  case `where`, select, `repeat`, ofType
  // 5.3 Subsetting
  case single, first, last, tail, skip, take, intersect, exclude
  // 5.4 Combining
  case union, combine
  // 5.5 Conversion
  case iif, toBoolean, convertsToBoolean, toInteger, convertsToInteger, toDate, convertsToDate, toDateTime
  case convertsToDateTime, toDecimal, convertsToDecimal, toQuantity, convertsToQuantity, toString
  case convertsToString, toTime, convertsToTime
  // 5.6 String manipulation
  case indexOf, lastIndexOf, substring, startsWith, endsWith, contains, upper, lower, replace, matches,
    matchesFull
  case replaceMatches, length, toChars, encode, decode, escape, unescape, trim, split, join
  // 5.7 Math
  case abs, ceiling, exp, floor, ln, log, power, round, sqrt, truncate
  // 5.8 Tree navigation
  case children, descendants
  // 5.9 Utility
  case trace, now, timeOfDay, today, lowBoundary, highBoundary, precision, comparable
  // 6.3 Types, 6.5 Boolean logic, 7 Aggregates
  case `is`, `as`, type, not, aggregate, sum, min, max, avg, sort
  // Additions of FHIR
  case defineVariable
  case `extension`, hasValue, getValue, resolve, elementDefinition, slice, checkModifiers, conformsTo,
    memberOf
  case subsumes, subsumedBy, htmlChecks

  /// What a function gives.
  enum Shape {
    case stream, scalar, boolean
  }

  struct Signature {
    let shape: Shape
    let minimum: Int
    let maximum: Int
    /// Which arguments are evaluated for each item of the input rather than once: bits from the lowest.
    let perItem: UInt8
    /// The input must be text: a complex type is a mistake that shows at compile time.
    let wantsText: Bool

    init(
      _ shape: Shape, _ arguments: ClosedRange<Int> = 0...0, perItem: UInt8 = 0, wantsText: Bool = false
    ) {
      self.shape = shape
      minimum = arguments.lowerBound
      maximum = arguments.upperBound
      self.perItem = perItem
      self.wantsText = wantsText
    }
  }

  static let named: [String: Function] = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

  var signature: Signature {
    switch self {
    case .empty, .allTrue, .anyTrue, .allFalse, .anyFalse, .isDistinct, .not, .hasValue, .htmlChecks:
      Signature(.boolean)
    case .convertsToBoolean, .convertsToInteger, .convertsToDate, .convertsToDateTime, .convertsToDecimal,
      .convertsToString, .convertsToTime:
      Signature(.boolean)
    case .convertsToQuantity: Signature(.boolean, 0...1)
    case .exists: Signature(.boolean, 0...1, perItem: 1)
    case .all: Signature(.boolean, 1...1, perItem: 1)
    case .subsetOf, .supersetOf, .comparable, .is, .conformsTo, .memberOf, .subsumes, .subsumedBy:
      Signature(.boolean, 1...1)
    case .startsWith, .endsWith, .contains: Signature(.boolean, 1...1, wantsText: true)
    case .matches, .matchesFull: Signature(.boolean, 1...1, wantsText: true)
    case .where, .select, .repeat: Signature(.stream, 1...1, perItem: 1)
    case .iif: Signature(.stream, 2...3, perItem: 7)
    case .aggregate: Signature(.stream, 1...2, perItem: 1)
    case .defineVariable: Signature(.stream, 1...2)
    case .trace: Signature(.stream, 1...2, perItem: 2)
    case .sort: Signature(.stream, 0...8, perItem: 0xFF)
    case .ofType, .as, .skip, .take, .intersect, .exclude, .union, .combine, .elementDefinition, .extension:
      Signature(.stream, self == .elementDefinition ? 0...0 : 1...1)
    case .single, .first, .last, .tail, .distinct, .children, .descendants, .resolve: Signature(.stream)
    case .slice: Signature(.stream, 2...2)
    case .checkModifiers: Signature(.stream, 1...32)
    case .toChars: Signature(.stream, wantsText: true)
    case .split: Signature(.stream, 1...1, wantsText: true)
    case .type: Signature(.stream)
    case .count, .toBoolean, .toInteger, .toDate, .toDateTime, .toDecimal, .toString, .toTime, .getValue,
      .sum, .min, .max, .avg:
      Signature(.scalar)
    case .toQuantity: Signature(.scalar, 0...1)
    case .indexOf, .lastIndexOf, .encode, .decode, .escape, .unescape:
      Signature(.scalar, 1...1, wantsText: true)
    case .substring: Signature(.scalar, 1...2, wantsText: true)
    case .replace, .replaceMatches: Signature(.scalar, 2...2, wantsText: true)
    case .upper, .lower, .length, .trim: Signature(.scalar, wantsText: true)
    case .join: Signature(.scalar, 0...1)
    case .abs, .ceiling, .exp, .floor, .ln, .sqrt, .truncate, .precision: Signature(.scalar)
    case .log, .power: Signature(.scalar, 1...1)
    case .round, .lowBoundary, .highBoundary: Signature(.scalar, 0...1)
    case .now, .timeOfDay, .today: Signature(.scalar)
    }
  }
}
