import Glibc

/// How a special unit's numbers follow from those of the unit that it is defined by.
///
/// See https://ucum.org/ucum#section-Special-Units-on-non-ratio-Scales. Temperatures are converted exactly; the
/// others are logarithms, roots and tangents, which no decimal says exactly.
enum SpecialScale: String, Sendable {
  case celsius, fahrenheit, reaumur, pH, ln, lg, lgTimes2, ld, tanTimes100, sqrt, hpX, hpC, hpM, hpQ

  /// What must be added to a number of the special unit, before it is a multiple of the unit it is defined by.
  private var offset: ExactNumber? {
    switch self {
    case .celsius: Self.absoluteZero
    // 459.67 = 273.15 × 9/5 - 32
    case .fahrenheit: Self.absoluteZero * ExactNumber(9) / ExactNumber(5) - ExactNumber(32)
    case .reaumur: Self.absoluteZero * ExactNumber(4) / ExactNumber(5)
    default: nil
    }
  }

  private static let absoluteZero = UnitTable.number("273.15")

  /// The logarithm's base and what it is multiplied by.
  private var logarithm: (base: Double, times: Double)? {
    switch self {
    case .pH, .hpX: (10, -1)
    case .ln: (M_E, 1)
    case .lg: (10, 1)
    case .lgTimes2: (10, 2)
    case .ld: (2, 1)
    case .hpC: (100, -1)
    case .hpM: (1000, -1)
    case .hpQ: (50000, -1)
    default: nil
    }
  }

  /// A number of the special unit as one of the unit that defines it; nil where the scale has no such point.
  func toRatio(_ value: ExactNumber) -> ExactNumber? {
    if let offset { return value + offset }
    if self == .sqrt { return value * value }
    let number = value.approximation
    if self == .tanTimes100 { return Self.exact(atan(number / 100)) }
    guard let logarithm else { return nil }
    return Self.exact(pow(logarithm.base, number / logarithm.times))
  }

  func fromRatio(_ value: ExactNumber) -> ExactNumber? {
    if let offset { return value - offset }
    let number = value.approximation
    if self == .sqrt { return Self.exact(number.squareRoot()) }
    if self == .tanTimes100 { return Self.exact(tan(number) * 100) }
    guard let logarithm else { return nil }
    return Self.exact(log(number) / log(logarithm.base) * logarithm.times)
  }

  private static func exact(_ number: Double) -> ExactNumber? {
    guard number.isFinite else { return nil }
    // A Double's last digit is the calculation's, not the value's: fifteen are meant.
    return ExactNumber(decimal: String(number)).flatMap { ExactNumber(decimal: $0.rounded(digits: 14)) }
  }
}

extension ExactNumber {
  /// The text of the number to so many significant digits.
  func rounded(digits: Int) -> String {
    guard !numerator.isZero else { return "0" }
    let order = Int((Double(numerator.bitCount - denominator.bitCount) * 0.30103).rounded(.down))
    let shift = digits - order - 1
    let scaled = self * ExactNumber.power(of: 10, shift)
    let (quotient, remainder) = scaled.numerator.divided(by: scaled.denominator)
    let whole = remainder + remainder >= scaled.denominator ? quotient + .one : quotient
    return (ExactNumber(isNegative: isNegative, whole, over: .one) * ExactNumber.power(of: 10, -shift))
      .decimalText()
  }
}
