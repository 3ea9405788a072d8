extension Decimal128 {
  /// The number that a JSON number's text says, if it gives that very text back.
  ///
  /// "1.00", "-0" and "0.000001" do. "1e5", "1E5" (its text would be "1E+5"), "0.0000001" (would be "1E-7") and
  /// numbers of more than 34 digits do not, and are nil; so is what is no JSON number.
  package init?(exactly text: UnsafeRawBufferPointer) {
    guard let number = NumberText(text), number.droppedZeros == 0,
      Decimal128.exponents.contains(number.exponent)
    else { return nil }
    let decimal = Decimal128(
      isNegative: number.isNegative, coefficient: number.coefficient, exponent: number.exponent)
    if number.hasExponent {
      let same = decimal.withCanonicalText { rendered in
        rendered.count == text.count && rendered.elementsEqual(text)
      }
      guard same else { return nil }
    } else {
      // Plain notation is canonical as long as the first digit stands no lower than 10^-6.
      guard max(number.digits, 1) - 1 + number.exponent >= -6 else { return nil }
    }
    self = decimal
  }

  package init?(exactly text: String) {
    var text = text
    guard let decimal = text.withUTF8({ Decimal128(exactly: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = decimal
  }

  /// The number that a JSON number's text says, whether or not it would be written so; nil where 34 digits or the
  /// exponents of decimal128 cannot hold it without rounding.
  package init?(valueOf text: UnsafeRawBufferPointer) {
    guard let number = NumberText(text) else { return nil }
    var coefficient = number.coefficient
    var exponent = number.exponent + number.droppedZeros
    if coefficient == 0 {
      exponent = min(max(exponent, Decimal128.exponents.lowerBound), Decimal128.exponents.upperBound)
    }
    while exponent > Decimal128.exponents.upperBound {
      guard coefficient < Decimal128.coefficientLimit / 10 else { return nil }
      coefficient *= 10
      exponent -= 1
    }
    while exponent < Decimal128.exponents.lowerBound {
      let (quotient, remainder) = coefficient.quotientAndRemainder(dividingBy: 10)
      guard remainder == 0 else { return nil }
      coefficient = quotient
      exponent += 1
    }
    self.init(isNegative: number.isNegative, coefficient: coefficient, exponent: exponent)
  }

  package init?(valueOf text: String) {
    var text = text
    guard let decimal = text.withUTF8({ Decimal128(valueOf: UnsafeRawBufferPointer($0)) }) else { return nil }
    self = decimal
  }
}

/// The parts of a JSON number's text (RFC 8259, section 6).
private struct NumberText {
  var isNegative = false
  /// The first 34 significant digits.
  private(set) var coefficient: UInt128 = 0
  /// Significant digits: those from the first that is not zero on.
  var digits = 0
  /// Zeros behind the 34th significant digit; other digits there make the text unfit.
  var droppedZeros = 0
  var exponent = 0
  var hasExponent = false

  /// The digits are gathered in two words: 19 always fit the first, the other 15 the second.
  private var upper: UInt64 = 0
  private var lower: UInt64 = 0

  init?(_ text: UnsafeRawBufferPointer) {
    var at = 0
    if at < text.count, text[at] == UInt8(ascii: "-") {
      isNegative = true
      at += 1
    }
    let whole = at
    guard take(digitsOf: text, from: &at), text[whole] != UInt8(ascii: "0") || at == whole + 1 else {
      return nil
    }
    if at < text.count, text[at] == UInt8(ascii: ".") {
      at += 1
      let fraction = at
      guard take(digitsOf: text, from: &at) else { return nil }
      exponent = fraction - at
    }
    if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      guard takeExponent(of: text, from: &at) else { return nil }
    }
    guard at == text.count else { return nil }
    coefficient = UInt128(upper)
    if digits > 19 {
      for _ in 19..<min(digits, Decimal128.maximumDigits) { coefficient *= 10 }
      coefficient += UInt128(lower)
    }
  }

  /// Reads one digit or more; false where there is none, or where too many mean something.
  private mutating func take(digitsOf text: UnsafeRawBufferPointer, from at: inout Int) -> Bool {
    let start = at
    while at < text.count {
      let digit = UInt64(text[at] &- 0x30)
      guard digit <= 9 else { break }
      at += 1
      if digits == 0 && digit == 0 { continue }
      digits += 1
      if digits <= 19 {
        upper = upper &* 10 &+ digit
      } else if digits <= Decimal128.maximumDigits {
        lower = lower &* 10 &+ digit
      } else {
        guard digit == 0 else { return false }
        droppedZeros += 1
      }
    }
    return at > start
  }

  private mutating func takeExponent(of text: UnsafeRawBufferPointer, from at: inout Int) -> Bool {
    hasExponent = true
    var isNegative = false
    if at < text.count, text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+") {
      isNegative = text[at] == UInt8(ascii: "-")
      at += 1
    }
    let start = at
    var value = 0
    while at < text.count, text[at] &- 0x30 <= 9 {
      // No exponent beyond this can be held; stopping here keeps the sum from overflowing.
      if value < 100_000_000 { value = value * 10 + Int(text[at] &- 0x30) }
      at += 1
    }
    exponent += isNegative ? -value : value
    return at > start
  }
}
