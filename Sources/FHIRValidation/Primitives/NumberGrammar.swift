/// The grammars of integer, unsignedInt, positiveInt and decimal, by their text: nothing is converted.
///
/// See https://hl7.org/fhir/R4/datatypes.html#integer
enum NumberGrammar {
  static func integer(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    whole(text, negative: true) { $0 ? $1 <= 2_147_483_648 : $1 <= 2_147_483_647 }
  }

  static func unsignedInt(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    whole(text, negative: false) { !$0 && $1 <= 2_147_483_647 }
  }

  static func positiveInt(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    whole(text, negative: false) { !$0 && $1 >= 1 && $1 <= 2_147_483_647 }
  }

  /// Digits without leading zeros, after a minus if there is one.
  @inline(__always)
  private static func whole(
    _ text: UnsafeBufferPointer<UInt8>, negative: Bool, _ holds: (_ minus: Bool, _ magnitude: UInt64) -> Bool
  ) -> PrimitiveVerdict {
    var i = 0
    let minus = text.count > 0 && text[0] == UInt8(ascii: "-")
    if minus { i = 1 }
    guard i < text.count else { return text.isEmpty ? .empty : .malformed }
    if text[i] == UInt8(ascii: "0") && text.count > i + 1 { return .malformed }
    let first = i
    var magnitude: UInt64 = 0
    while i < text.count {
      let digit = text[i] &- UInt8(ascii: "0")
      guard digit <= 9 else { return .malformed }
      // Ten digits hold every 32-bit value; from there on it is out of range, whatever follows.
      if i - first < 11 { magnitude = magnitude &* 10 &+ UInt64(digit) }
      i += 1
    }
    // "-0" is no unsigned text; "-1" is one that lies below the range.
    if minus && !negative && magnitude == 0 { return .malformed }
    return holds(minus, magnitude) ? .valid : .outOfRange
  }

  /// `-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?`, of any length: FHIR asks to keep what is written.
  static func decimal(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard !text.isEmpty else { return .empty }
    var i = 0
    func digits() -> Int {
      let start = i
      while i < text.count, text[i] &- UInt8(ascii: "0") <= 9 { i += 1 }
      return i - start
    }
    if text[0] == UInt8(ascii: "-") { i = 1 }
    let first = i
    let whole = digits()
    guard whole > 0, whole == 1 || text[first] != UInt8(ascii: "0") else { return .malformed }
    if i < text.count, text[i] == UInt8(ascii: ".") {
      i += 1
      guard digits() > 0 else { return .malformed }
    }
    if i < text.count, text[i] | 0x20 == UInt8(ascii: "e") {
      i += 1
      if i < text.count, text[i] == UInt8(ascii: "+") || text[i] == UInt8(ascii: "-") { i += 1 }
      guard digits() > 0 else { return .malformed }
    }
    return i == text.count ? .valid : .malformed
  }

  static func boolean(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    if text.isEmpty { return .empty }
    return text.elementsEqual("true".utf8) || text.elementsEqual("false".utf8) ? .valid : .malformed
  }
}
