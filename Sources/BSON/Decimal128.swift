/// A decimal number of up to 34 digits that keeps its trailing zeros: 1.00 is not 1.0.
///
/// The bits are those of IEEE 754-2008 decimal128 in its binary integer form, as BSON stores them.
/// See https://github.com/mongodb/specifications/blob/master/source/bson-decimal128/decimal128.md
@usableFromInline package struct Decimal128: Sendable, Hashable {
  @usableFromInline package let low: UInt64
  @usableFromInline package let high: UInt64

  @inlinable package init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  static let maximumDigits = 34
  static let exponentBias = 6176
  static let exponents = -6176...6111
  /// 10^34: the coefficients stop below it.
  static let coefficientLimit: UInt128 = UInt128(10_000_000_000_000_000) * 1_000_000_000_000_000_000

  /// The number ±coefficient × 10^exponent; the caller keeps to the limits.
  init(isNegative: Bool, coefficient: UInt128, exponent: Int) {
    assert(coefficient < Decimal128.coefficientLimit && Decimal128.exponents.contains(exponent))
    // A coefficient below 10^34 has 113 bits, so that the exponent always stands above bit 49.
    low = UInt64(truncatingIfNeeded: coefficient)
    high =
      UInt64(truncatingIfNeeded: coefficient >> 64) | UInt64(exponent + Decimal128.exponentBias) << 49
      | (isNegative ? 1 << 63 : 0)
  }

  @inlinable package var isNegative: Bool { high >> 63 == 1 }

  /// Neither an infinity nor "not a number".
  @inlinable package var isFinite: Bool { (high >> 58) & 0x1F < 0x1E }

  @inlinable package var isNaN: Bool { (high >> 58) & 0x1F == 0x1F }

  /// Coefficient and exponent of a finite number.
  ///
  /// A coefficient of 10^34 or more is not canonical and means zero (IEEE 754-2008, 3.5.2).
  var parts: (coefficient: UInt128, exponent: Int) {
    if (high >> 61) & 3 == 3 {
      return (0, Int((high >> 47) & 0x3FFF) - Decimal128.exponentBias)
    }
    let coefficient = UInt128(high & 0x1_FFFF_FFFF_FFFF) << 64 | UInt128(low)
    return (
      coefficient < Decimal128.coefficientLimit ? coefficient : 0,
      Int((high >> 49) & 0x3FFF) - Decimal128.exponentBias
    )
  }
}

extension Decimal128: CustomStringConvertible {
  @usableFromInline package var description: String { canonicalText }
}
