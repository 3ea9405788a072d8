/// A rational number of any size: what a decimal's text says, and what a unit's factor is, without rounding.
package struct ExactNumber: Hashable, Sendable {
  let isNegative: Bool
  let numerator: Magnitude
  /// Never zero, and without a divisor in common with the numerator.
  let denominator: Magnitude

  package static let zero = ExactNumber(0)
  package static let one = ExactNumber(1)

  /// No number read from text may have more digits, or a larger exponent: bounds the work that one can ask for.
  static let limit = 1000

  package init(_ value: Int) {
    isNegative = value < 0
    numerator = Magnitude(UInt64(value.magnitude))
    denominator = .one
  }

  init(isNegative: Bool = false, _ numerator: Magnitude, over denominator: Magnitude) {
    precondition(!denominator.isZero, "divided by zero")
    let divisor = Magnitude.commonDivisor(numerator, denominator)
    let isWhole = divisor.isOne
    self.numerator = isWhole ? numerator : numerator.divided(by: divisor).quotient
    self.denominator = isWhole ? denominator : denominator.divided(by: divisor).quotient
    self.isNegative = isNegative && !numerator.isZero
  }

  /// The number that a decimal's text says (`-12.50`, `6.02e23`); nil if it is none, or longer than `limit`.
  ///
  /// Takes FHIR's decimals and JSON's numbers, and a leading plus sign.
  package init?(decimal text: some StringProtocol) {
    guard text.utf8.count <= Self.limit else { return nil }
    var bytes = Substring(text).utf8
    var isNegative = false
    if let sign = bytes.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      bytes.removeFirst()
    }
    var digits = Magnitude.zero
    var count = 0
    var scale = 0
    var inFraction = false
    loop: while let byte = bytes.first {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        digits.append(digit: byte - UInt8(ascii: "0"))
        count += 1
        if inFraction { scale -= 1 }
      case UInt8(ascii: ".") where !inFraction && count > 0:
        inFraction = true
        count = 0
      default: break loop
      }
      bytes.removeFirst()
    }
    guard count > 0 else { return nil }
    if let byte = bytes.first {
      guard byte | 0x20 == UInt8(ascii: "e"), let exponent = Self.exponent(bytes.dropFirst()),
        exponent.magnitude <= UInt(Self.limit)
      else { return nil }
      scale += exponent
    }
    self = ExactNumber(isNegative: isNegative, digits, over: .one) * ExactNumber.power(of: 10, scale)
  }

  private static func exponent(_ text: Substring.UTF8View) -> Int? { Int(String(Substring(text))) }

  /// A whole number to a whole power, which may be negative.
  static func power(of base: UInt64, _ exponent: Int) -> ExactNumber {
    let power = Magnitude.power(of: Magnitude(base), abs(exponent))
    return exponent < 0 ? ExactNumber(.one, over: power) : ExactNumber(power, over: .one)
  }

  /// The number to a whole power; nil for a negative power of zero.
  func power(_ exponent: Int) -> ExactNumber? {
    if exponent < 0 && numerator.isZero { return nil }
    let upper = Magnitude.power(of: exponent < 0 ? denominator : numerator, abs(exponent))
    let lower = Magnitude.power(of: exponent < 0 ? numerator : denominator, abs(exponent))
    return ExactNumber(isNegative: isNegative && exponent % 2 != 0, upper, over: lower)
  }

  package var isZero: Bool { numerator.isZero }

  /// How many bits the numerator and the denominator have together: what arithmetic with it costs.
  var bitCount: Int { numerator.bitCount + denominator.bitCount }

  /// The nearest Double, or one beside it.
  package var approximation: Double {
    // Where either part is beyond a Double's range, the digits say it still.
    let value = numerator.approximation / denominator.approximation
    if value.isFinite && (value != 0 || isZero) { return isNegative ? -value : value }
    return Double(decimalText(significantDigits: 20)) ?? 0
  }

  // MARK: Arithmetic

  package static func + (a: ExactNumber, b: ExactNumber) -> ExactNumber {
    let left = a.numerator * b.denominator
    let right = b.numerator * a.denominator
    let denominator = a.denominator * b.denominator
    if a.isNegative == b.isNegative {
      return ExactNumber(isNegative: a.isNegative, left + right, over: denominator)
    }
    return left >= right
      ? ExactNumber(isNegative: a.isNegative, left - right, over: denominator)
      : ExactNumber(isNegative: b.isNegative, right - left, over: denominator)
  }

  package static prefix func - (a: ExactNumber) -> ExactNumber {
    ExactNumber(isNegative: !a.isNegative, a.numerator, over: a.denominator)
  }

  package static func - (a: ExactNumber, b: ExactNumber) -> ExactNumber { a + -b }

  package static func * (a: ExactNumber, b: ExactNumber) -> ExactNumber {
    ExactNumber(
      isNegative: a.isNegative != b.isNegative, a.numerator * b.numerator, over: a.denominator * b.denominator
    )
  }

  /// The quotient; the divisor is not zero.
  package static func / (a: ExactNumber, b: ExactNumber) -> ExactNumber {
    ExactNumber(
      isNegative: a.isNegative != b.isNegative, a.numerator * b.denominator, over: a.denominator * b.numerator
    )
  }
}

extension ExactNumber: Comparable {
  package static func < (a: ExactNumber, b: ExactNumber) -> Bool {
    if a.isNegative != b.isNegative { return a.isNegative }
    let (left, right) = (a.numerator * b.denominator, b.numerator * a.denominator)
    return a.isNegative ? left > right : left < right
  }
}

extension ExactNumber {
  /// How many fraction digits the number has in decimal notation; nil if they never end.
  package var fractionDigits: Int? {
    var rest = denominator
    var twos = 0
    var fives = 0
    while rest.isEven {
      rest = rest.divided(by: 2).quotient
      twos += 1
    }
    while !rest.isOne {
      let (quotient, remainder) = rest.divided(by: 5)
      guard remainder == 0 else { return nil }
      rest = quotient
      fives += 1
    }
    return max(twos, fives)
  }

  /// The number in plain decimal notation, without needless zeros.
  ///
  /// - Parameter significantDigits: where it is rounded (half away from zero) if its digits never end.
  package func decimalText(significantDigits: Int = 28) -> String {
    let places: Int
    if let fractionDigits {
      places = fractionDigits
    } else {
      // An estimate of the order of magnitude from the bits is at most one digit off.
      let order = Int((Double(numerator.bitCount - denominator.bitCount) * 0.30103).rounded(.down))
      places = max(significantDigits - order - 1, 0)
    }
    let scaled = numerator * Magnitude.power(of: Magnitude(10), places)
    let (quotient, remainder) = scaled.divided(by: denominator)
    let roundsUp = remainder + remainder >= denominator
    var digits = (roundsUp ? quotient + .one : quotient).digits
    if places > 0 {
      if digits.utf8.count <= places {
        digits = String(repeating: "0", count: places - digits.utf8.count + 1) + digits
      }
      var fraction = digits.suffix(places)
      while fraction.last == "0" { fraction.removeLast() }
      digits = String(digits.dropLast(places)) + (fraction.isEmpty ? "" : "." + fraction)
    }
    return (isNegative && digits != "0" ? "-" : "") + digits
  }
}
