/// An exact decimal: `coefficient` × 10 to the power of −`scale`.
///
/// 38 digits, of which FHIRPath asks for 28 with 8 behind the point; the zeros at its end count for its precision and
/// are kept. An operation whose result does not fit gives nil.
///
/// See https://hl7.org/fhirpath/N1/#decimal
package struct Decimal: Sendable {
  package let coefficient: Int128
  /// Digits behind the point.
  package let scale: Int16

  /// More digits behind the point than any coefficient has.
  static let maximumScale = 60

  package init(coefficient: Int128, scale: Int) {
    self.coefficient = coefficient
    self.scale = Int16(truncatingIfNeeded: scale)
  }

  package init(_ value: some BinaryInteger) {
    coefficient = Int128(value)
    scale = 0
  }

  package static let zero = Decimal(0)
  package static let one = Decimal(1)

  /// Reads `-1.20` or `1.2e3`; nil when it is no number, or has too many digits.
  package init?(_ text: String) {
    var text = text
    guard let value = text.withUTF8({ Decimal($0) }) else { return nil }
    self = value
  }

  /// Reads a number as JSON writes it. A sign `+` and zeros at its front are let pass.
  package init?(_ bytes: UnsafeBufferPointer<UInt8>) {
    var i = 0
    let isNegative = bytes.first == UInt8(ascii: "-")
    if isNegative || bytes.first == UInt8(ascii: "+") { i = 1 }
    var magnitude: Int128 = 0
    var digits = 0
    var scale = 0
    var isFraction = false
    scan: while i < bytes.count {
      let byte = bytes[i]
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        digits += 1
        let (product, overflowed) = magnitude.multipliedReportingOverflow(by: 10)
        let (sum, carried) = product.addingReportingOverflow(Int128(byte &- 0x30))
        if overflowed || carried { return nil }
        magnitude = sum
        if isFraction { scale += 1 }
      case UInt8(ascii: "."):
        if isFraction || digits == 0 { return nil }
        isFraction = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"): break scan
      default: return nil
      }
      i += 1
    }
    guard digits > 0, bytes[i - 1] != UInt8(ascii: ".") else { return nil }
    if i < bytes.count {
      guard let exponent = Decimal.exponent(bytes, from: i + 1) else { return nil }
      scale -= exponent
    }
    while scale < 0 {
      let (product, overflowed) = magnitude.multipliedReportingOverflow(by: 10)
      if overflowed { return nil }
      magnitude = product
      scale += 1
    }
    guard scale <= Decimal.maximumScale else { return nil }
    self.init(coefficient: isNegative ? -magnitude : magnitude, scale: scale)
  }

  private static func exponent(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var i = start
    let isNegative = i < bytes.count && bytes[i] == UInt8(ascii: "-")
    if i < bytes.count, isNegative || bytes[i] == UInt8(ascii: "+") { i += 1 }
    guard i < bytes.count, bytes.count - i <= 3 else { return nil }
    var value = 0
    while i < bytes.count {
      guard bytes[i] >= 0x30, bytes[i] <= 0x39 else { return nil }
      value = value * 10 + Int(bytes[i] - 0x30)
      i += 1
    }
    return isNegative ? -value : value
  }

  /// The nearest decimal of at most 15 digits, which is what a Double is sure of.
  package init?(_ value: Double) {
    guard value.isFinite else { return nil }
    guard value != 0 else {
      self = Decimal(coefficient: 0, scale: 1)
      return
    }
    guard let exact = Decimal(value.description) else { return nil }
    let excess = exact.magnitudeDigits - 15
    self = excess > 0 && excess <= exact.scale ? exact.rounded(to: Int(exact.scale) - excess).trimmed : exact
  }

  package var isNegative: Bool { coefficient < 0 }
  package var isZero: Bool { coefficient == 0 }

  /// How many digits the coefficient has; 1 for zero.
  var magnitudeDigits: Int {
    var rest = coefficient.magnitude
    var digits = 1
    while rest >= 10 {
      rest /= 10
      digits += 1
    }
    return digits
  }

  /// Digits that a decimal is written with: `1.58700` has 6. See `precision()`.
  var precision: Int { max(magnitudeDigits, Int(scale)) }

  /// 10 to the power of `exponent`, up to 38.
  static func power(_ exponent: Int) -> Int128? {
    guard (0...38).contains(exponent) else { return nil }
    var result: Int128 = 1
    for _ in 0..<exponent { result *= 10 }
    return result
  }

  /// Without zeros at its end, behind the point.
  package var trimmed: Decimal {
    var coefficient = coefficient
    var scale = Int(scale)
    while scale > 0, coefficient % 10 == 0 {
      coefficient /= 10
      scale -= 1
    }
    return Decimal(coefficient: coefficient, scale: scale)
  }

  package var double: Double {
    var divisor = 1.0
    for _ in 0..<max(0, Int(scale)) { divisor *= 10 }
    return Double(coefficient) / divisor
  }

  /// The value, if it is whole and fits.
  package var integer: Int64? {
    let trimmed = trimmed
    return trimmed.scale == 0 ? Int64(exactly: trimmed.coefficient) : nil
  }
}

extension Decimal: CustomStringConvertible {
  package var description: String {
    let digits = String(coefficient.magnitude)
    let sign = coefficient < 0 ? "-" : ""
    guard scale > 0 else { return sign + digits }
    let padding = Int(scale) + 1 - digits.utf8.count
    let padded = String(repeating: "0", count: max(0, padding)) + digits
    let point = padded.index(padded.endIndex, offsetBy: -Int(scale))
    return sign + padded[..<point] + "." + padded[point...]
  }
}

extension Decimal: Comparable, Hashable {
  /// `1.0` equals `1.00`.
  package static func == (a: Decimal, b: Decimal) -> Bool {
    if a.scale == b.scale { return a.coefficient == b.coefficient }
    return a.order(b) == 0
  }

  package static func < (a: Decimal, b: Decimal) -> Bool { a.order(b) < 0 }

  package func hash(into hasher: inout Hasher) {
    let trimmed = trimmed
    hasher.combine(trimmed.coefficient)
    hasher.combine(trimmed.scale)
  }

  /// Negative, zero or positive as this is less than, equal to or greater than the other.
  private func order(_ other: Decimal) -> Int {
    func compare<T: Comparable>(_ a: T, _ b: T) -> Int { a < b ? -1 : a == b ? 0 : 1 }
    if scale == other.scale { return compare(coefficient, other.coefficient) }
    if let (a, b) = aligned(other) { return compare(a, b) }
    // What cannot be brought to one scale differs by orders of magnitude, or in its last digits only.
    let whole = compare(
      rounded(to: 0, .towardZero).coefficient, other.rounded(to: 0, .towardZero).coefficient)
    if whole != 0 { return whole }
    let digits = min(Int(scale), Int(other.scale))
    let common = compare(
      rounded(to: digits, .towardZero).coefficient, other.rounded(to: digits, .towardZero).coefficient)
    if common != 0 { return common }
    let longer = scale > other.scale ? self : other
    guard longer.trimmed.scale > digits else { return 0 }
    let sign = longer.isNegative ? -1 : 1
    return scale > other.scale ? sign : -sign
  }

  /// The coefficients of both at the greater scale.
  func aligned(_ other: Decimal) -> (Int128, Int128)? {
    let target = max(scale, other.scale)
    guard let a = coefficient(at: target), let b = other.coefficient(at: target) else { return nil }
    return (a, b)
  }

  private func coefficient(at target: Int16) -> Int128? {
    if scale == target { return coefficient }
    guard let factor = Decimal.power(Int(target - scale)) else { return coefficient == 0 ? 0 : nil }
    let (product, overflowed) = coefficient.multipliedReportingOverflow(by: factor)
    return overflowed ? nil : product
  }
}
