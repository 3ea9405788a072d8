/// A decimal as its digits and the place of its point: exact, whatever its length.
///
/// See http://hl7.org/fhir/R4/datatypes.html#decimal
struct DecimalText {
  /// Digits without leading zeros; empty is zero.
  private let digits: ArraySlice<UInt8>
  /// The power of ten of the last digit.
  private let exponent: Int
  private let isNegative: Bool

  /// Reads a number as JSON writes it; nil if it is none, or its exponent is beyond all reason.
  init?(_ text: UnsafeBufferPointer<UInt8>) {
    var digits: [UInt8] = []
    var exponent = 0
    var isFraction = false
    var i = 0
    isNegative = text.first == UInt8(ascii: "-")
    if isNegative || text.first == UInt8(ascii: "+") { i = 1 }
    guard i < text.count else { return nil }
    loop: while i < text.count {
      switch text[i] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        digits.append(text[i] - UInt8(ascii: "0"))
        if isFraction { exponent -= 1 }
      case UInt8(ascii: ".") where !isFraction: isFraction = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"): break loop
      default: return nil
      }
      i += 1
    }
    guard !digits.isEmpty else { return nil }
    if i < text.count {
      guard let shift = Int(String(decoding: text[(i + 1)...], as: UTF8.self)), abs(shift) < 100_000 else {
        return nil
      }
      exponent += shift
    }
    self.digits = digits.drop { $0 == 0 }
    self.exponent = exponent
  }

  init?(_ text: [UInt8]) {
    guard let number = text.withUnsafeBufferPointer({ DecimalText($0) }) else { return nil }
    self = number
  }

  /// Whether value and precision are the same: 1.0 and 1.00 are not.
  func isIdentical(to other: DecimalText) -> Bool {
    digits == other.digits && exponent == other.exponent
      && (isNegative == other.isNegative || digits.isEmpty)
  }

  static func < (a: DecimalText, b: DecimalText) -> Bool { a.order(b) < 0 }

  /// Below 0 if this is less than the other, above if it is greater.
  private func order(_ other: DecimalText) -> Int {
    let sign = digits.isEmpty ? 0 : isNegative ? -1 : 1
    let otherSign = other.digits.isEmpty ? 0 : other.isNegative ? -1 : 1
    guard sign == otherSign else { return sign - otherSign }
    return sign == 0 ? 0 : sign * magnitudeOrder(other)
  }

  private func magnitudeOrder(_ other: DecimalText) -> Int {
    let top = digits.count + exponent
    let otherTop = other.digits.count + other.exponent
    guard top == otherTop else { return top < otherTop ? -1 : 1 }
    let count = max(digits.count, other.digits.count)
    for index in 0..<count {
      let a = index < digits.count ? digits[digits.startIndex + index] : 0
      let b = index < other.digits.count ? other.digits[other.digits.startIndex + index] : 0
      if a != b { return a < b ? -1 : 1 }
    }
    return 0
  }
}
