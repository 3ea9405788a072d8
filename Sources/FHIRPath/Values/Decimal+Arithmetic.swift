#if canImport(Glibc)
  import Glibc
#else
  import Musl
#endif

/// See https://hl7.org/fhirpath/N1/#math
extension Decimal {
  enum Rounding {
    /// Halves go away from zero.
    case nearest
    case towardZero
    case down
    case up
  }

  package func adding(_ other: Decimal) -> Decimal? {
    if let (a, b) = aligned(other) {
      let (sum, overflowed) = a.addingReportingOverflow(b)
      return overflowed ? nil : Decimal(coefficient: sum, scale: Int(max(scale, other.scale)))
    }
    let (short, otherShort) = (trimmed, other.trimmed)
    guard short.scale < scale || otherShort.scale < other.scale else { return nil }
    return short.adding(otherShort)
  }

  package var negated: Decimal? {
    coefficient == .min ? nil : Decimal(coefficient: -coefficient, scale: Int(scale))
  }

  package func subtracting(_ other: Decimal) -> Decimal? { other.negated.flatMap { adding($0) } }

  package func multiplied(by other: Decimal) -> Decimal? {
    let scale = Int(scale) + Int(other.scale)
    let (product, overflowed) = coefficient.multipliedReportingOverflow(by: other.coefficient)
    if !overflowed, scale <= Decimal.maximumScale { return Decimal(coefficient: product, scale: scale) }
    let a = trimmed
    let b = other.trimmed
    guard a.scale < self.scale || b.scale < other.scale else { return multipliedRounding(by: other) }
    return a.multiplied(by: b)
  }

  /// The product with the digits that do not fit rounded away, as long as eight stay behind the point.
  private func multipliedRounding(by other: Decimal) -> Decimal? {
    let product = coefficient.multipliedFullWidth(by: other.coefficient)
    var digits = Int(scale) + Int(other.scale)
    var divisor: Int128 = 1
    while digits > 8 {
      divisor *= 10
      digits -= 1
      // The quotient must fit: the upper half must be less than the divisor's.
      if product.high.magnitude < divisor.magnitude / 2 { break }
      if divisor > Int128.max / 10 { return nil }
    }
    guard product.high.magnitude < divisor.magnitude / 2 else { return nil }
    let (quotient, remainder) = divisor.dividingFullWidth(product)
    let step: Int128 = remainder.magnitude >= divisor.magnitude / 2 ? (remainder < 0 ? -1 : 1) : 0
    return Decimal(coefficient: quotient + step, scale: digits)
  }

  /// The quotient: exact where 28 digits suffice, else rounded to that many. Nil for a division by zero.
  package func divided(by other: Decimal) -> Decimal? {
    guard !other.isZero else { return nil }
    if isZero { return .zero }
    let a = trimmed
    let b = other.trimmed
    // Scales the dividend until the quotient has its digits.
    let wanted = max(0, min(37, 28 + b.magnitudeDigits) - a.magnitudeDigits)
    guard let factor = Decimal.power(wanted) else { return nil }
    let (dividend, overflowed) = a.coefficient.multipliedReportingOverflow(by: factor)
    if overflowed { return nil }
    let (quotient, isTooLarge) = dividend.dividedReportingOverflow(by: b.coefficient)
    if isTooLarge { return nil }
    let remainder = dividend - quotient * b.coefficient
    let isHalf = remainder.magnitude >= b.coefficient.magnitude - remainder.magnitude
    let isNegative = a.isNegative != b.isNegative
    let rounded = quotient + (isHalf && remainder != 0 ? (isNegative ? -1 : 1) : 0)
    var scale = wanted + Int(a.scale) - Int(b.scale)
    var coefficient = rounded
    while scale < 0 {
      let (product, overflowed) = coefficient.multipliedReportingOverflow(by: 10)
      if overflowed { return nil }
      coefficient = product
      scale += 1
    }
    let result = Decimal(coefficient: coefficient, scale: scale).trimmed
    return result.scale > Decimal.maximumScale ? result.rounded(to: Decimal.maximumScale) : result
  }

  /// The whole part of the quotient. Nil for a division by zero.
  package func quotient(dividingBy other: Decimal) -> Decimal? {
    guard !other.isZero, let (a, b) = aligned(other) else { return nil }
    let (quotient, overflowed) = a.dividedReportingOverflow(by: b)
    return overflowed ? nil : Decimal(coefficient: quotient, scale: 0)
  }

  /// What is left of a division to a whole number; of the dividend's sign. Nil for a division by zero.
  package func remainder(dividingBy other: Decimal) -> Decimal? {
    guard !other.isZero, let (a, b) = aligned(other) else { return nil }
    let (rest, overflowed) = a.remainderReportingOverflow(dividingBy: b)
    return overflowed ? nil : Decimal(coefficient: rest, scale: Int(max(scale, other.scale)))
  }

  package func rounded(to digits: Int) -> Decimal { rounded(to: digits, .nearest) }

  /// With at most so many digits behind the point.
  func rounded(to digits: Int, _ rounding: Rounding) -> Decimal {
    guard digits < scale else { return self }
    guard let divisor = Decimal.power(Int(scale) - digits) else {
      let step: Int128 =
        switch rounding {
        case .up where coefficient > 0: 1
        case .down where coefficient < 0: -1
        default: 0
        }
      return Decimal(coefficient: step, scale: digits)
    }
    let (quotient, remainder) = coefficient.quotientAndRemainder(dividingBy: divisor)
    let step: Int128 =
      switch rounding {
      case .towardZero: 0
      case .down: remainder < 0 ? -1 : 0
      case .up: remainder > 0 ? 1 : 0
      case .nearest:
        remainder.magnitude >= divisor.magnitude - remainder.magnitude ? (coefficient < 0 ? -1 : 1) : 0
      }
    return Decimal(coefficient: quotient + step, scale: digits)
  }

  /// With exactly so many digits behind the point; nil where zeros would have to be added and do not fit.
  func scaled(to digits: Int) -> Decimal? {
    guard digits > scale else { return rounded(to: digits) }
    guard let factor = Decimal.power(digits - Int(scale)) else { return nil }
    let (product, overflowed) = coefficient.multipliedReportingOverflow(by: factor)
    return overflowed ? nil : Decimal(coefficient: product, scale: digits)
  }

  /// Whole exponents exactly, others as well as a Double can. Nil where there is no real number, or none that fits.
  package func power(_ exponent: Decimal) -> Decimal? {
    if let whole = exponent.integer, whole.magnitude <= 1_000 {
      var result: Decimal? = .one
      for _ in 0..<whole.magnitude {
        guard let previous = result else { return nil }
        result = previous.multiplied(by: self)
        if result == previous { break }
      }
      guard let result else { return nil }
      return whole < 0 ? Decimal.one.divided(by: result) : result
    }
    return Decimal(pow(double, exponent.double))
  }

  var squareRoot: Decimal? { isNegative ? nil : Decimal(double.squareRoot()) }
  var exponential: Decimal? { Decimal(exp(double)) }
  var naturalLogarithm: Decimal? { isNegative || isZero ? nil : Decimal(log(double)) }

  func logarithm(base: Decimal) -> Decimal? {
    guard !isNegative, !isZero, !base.isNegative, !base.isZero, base != .one else { return nil }
    // These two are exact for powers of their base, which a quotient of logarithms is not.
    if base == Decimal(10) { return Decimal(log10(double)) }
    if base == Decimal(2) { return Decimal(log2(double)) }
    return Decimal(log(double) / log(base.double))
  }
}
