import Testing

@testable import FHIRValidation

@Suite struct `Grammar of numbers` {
  @Test(arguments: ["0", "-0", "7", "-7", "2147483647", "-2147483648"])
  func `integer takes`(text: String) { #expect(verdict(text, NumberGrammar.integer) == .valid) }

  @Test(arguments: ["1.0", "1e2", "01", "-01", "+1", "-", " 1", "1 ", "a", "$0"])
  func `integer refuses`(text: String) { #expect(verdict(text, NumberGrammar.integer) == .malformed) }

  @Test(arguments: [
    "2147483648", "-2147483649", "34534536346345345345", "100000000000000000000000000000000000",
  ])
  func `integer finds out of range`(text: String) {
    #expect(verdict(text, NumberGrammar.integer) == .outOfRange)
  }

  @Test(arguments: [
    ("0", PrimitiveVerdict.valid), ("2147483647", .valid), ("2147483648", .outOfRange), ("-1", .outOfRange),
    ("-0", .malformed), ("+1", .malformed), ("00", .malformed), ("", .empty), ("1.0", .malformed),
  ])
  func `unsignedInt judges`(text: String, expected: PrimitiveVerdict) {
    #expect(verdict(text, NumberGrammar.unsignedInt) == expected)
  }

  @Test(arguments: [
    ("1", PrimitiveVerdict.valid), ("2147483647", .valid), ("0", .outOfRange), ("-1", .outOfRange),
    ("01", .malformed), ("+1", .malformed), ("9999999999", .outOfRange),
  ])
  func `positiveInt judges`(text: String, expected: PrimitiveVerdict) {
    #expect(verdict(text, NumberGrammar.positiveInt) == expected)
  }

  @Test(arguments: [
    "0", "-0", "0.0", "1.00", "-3.7", "1e5", "1E+05", "2.5e-3", "121233786234234234234234.12323",
  ])
  func `decimal takes`(text: String) { #expect(verdict(text, NumberGrammar.decimal) == .valid) }

  @Test(arguments: ["00.1", ".5", "5.", "+1", "1e", "1e+", "1.0.0", "1 ", " 1", "NaN", "-", "1,5", "0x1F"])
  func `decimal refuses`(text: String) { #expect(verdict(text, NumberGrammar.decimal) == .malformed) }

  @Test(arguments: [
    ("true", PrimitiveVerdict.valid), ("false", .valid), ("True", .malformed), ("1", .malformed),
    ("", .empty),
  ])
  func `boolean judges`(text: String, expected: PrimitiveVerdict) {
    #expect(verdict(text, NumberGrammar.boolean) == expected)
  }
}

/// A grammar's verdict on a text.
func verdict(_ text: String, _ grammar: (UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict) -> PrimitiveVerdict
{
  var text = text
  return text.withUTF8 { grammar($0) }
}
