import BSON
import CMongoC
import Testing

struct Decimal128Tests {
  @Test(arguments: [
    "0", "-0", "1", "-1", "0.0", "-0.00", "1.0", "1.00", "0.1", "0.10", "0.000001", "0.000000", "120",
    "1200.50",
    "72.5", "9223372036854775807", "9223372036854775808", "18446744073709551616", "0.000001234500",
    "1234567890123456789012345678901234", "9999999999999999999999999999999999",
    "-1.234567890123456789012345678901234",
    "0.1234567890123456789012345678901234", "1E+5", "1.5E+10", "-1.50E+10", "1E-7", "0E+3", "0E-7",
    "0.00000E-6170",
    "1E-6176", "9.999999999999999999999999999999999E+6144",
  ])
  func keepsTextThatComesBack(text: String) throws {
    let decimal = try #require(Decimal128(exactly: text) ?? Decimal128(valueOf: text))
    if text == "0.00000E-6170" { return #expect(Decimal128(exactly: text) == nil) }
    #expect(Decimal128(exactly: text) != nil)
    #expect(decimal.canonicalText == text)
  }

  @Test(arguments: [
    "1e5", "1E5", "1E+05", "1e+5", "10E+5", "1.0e0", "1E0", "1E+0", "0.0000001", "0.0000000", "0E0",
    "1E+6145",
    "1E+6112", "1E-6177", "12345678901234567890123456789012345", "10000000000000000000000000000000000",
    "0.12345678901234567890123456789012345", "1E+999999999999999999999999", "1E-99999999999999999999",
  ])
  func refusesTextThatWouldChange(text: String) {
    #expect(Decimal128(exactly: text) == nil)
  }

  @Test(arguments: [
    "", "-", "+1", ".5", "5.", "01", "-01", "00", "1.", "1.e5", "1E", "1E+", "1E-", "1 ", " 1", "0x1", "NaN",
    "Infinity",
    "1,5", "1.5.5", "--1", "1e5.5",
  ])
  func refusesWhatIsNoJSONNumber(text: String) {
    #expect(Decimal128(exactly: text) == nil)
    #expect(Decimal128(valueOf: text) == nil)
  }

  @Test func distinguishesTrailingZeros() {
    #expect(Decimal128(exactly: "1.0") != Decimal128(exactly: "1.00"))
    #expect(Decimal128(exactly: "1") != Decimal128(exactly: "1.0"))
  }

  @Test(arguments: [
    ("1e5", "1E+5"), ("0.0000001", "1E-7"), ("10E+5", "1.0E+6"), ("1E+6112", "1.0E+6112"),
    ("10000000000000000000000000000000000", "1.000000000000000000000000000000000E+34"),
    ("0E+9999", "0E+6111"),
    ("0E-9999", "0E-6176"), ("10E-6177", "1E-6176"),
  ])
  func readsTheValueOfOtherTexts(text: String, canonical: String) {
    #expect(Decimal128(valueOf: text)?.canonicalText == canonical)
  }

  @Test func agreesWithLibbsonOnGeneratedTexts() throws {
    var random = SeededGenerator(seed: 20_240)
    var exact = 0
    for _ in 0..<20_000 {
      let text = Self.numberText(using: &random)
      // libbson gives up at the 37th digit, even where those beyond the 34th are zeros.
      if text.prefix(while: { $0 != "E" && $0 != "e" }).count(where: \.isNumber) > 36 { continue }
      let theirs = Libbson.decimal(text)
      let ours = Decimal128(valueOf: text)
      #expect(ours?.low == theirs?.low && ours?.high == theirs?.high, "bits of \(text)")
      if let theirs, let ours {
        #expect(ours.canonicalText == Libbson.text(theirs), "text of \(text)")
      }
      let comesBack = theirs.map { Libbson.text($0) == text } ?? false
      #expect((Decimal128(exactly: text) != nil) == comesBack, "verdict on \(text)")
      if comesBack { exact += 1 }
    }
    // Both verdicts must have been put to the test.
    #expect(exact > 2_000 && exact < 18_000)
  }

  @Test func agreesWithLibbsonOnGeneratedBits() {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<20_000 {
      let coefficient = UInt64.random(
        in: 0...UInt64.max >> Int.random(in: 0...63, using: &random), using: &random)
      let upper =
        UInt64.random(in: 0...0x1_ED09_BEAD_87C0, using: &random) >> UInt64.random(in: 0...63, using: &random)
      let exponent = UInt64.random(in: 0...12_287, using: &random)
      let decimal = Decimal128(
        low: coefficient, high: upper | exponent << 49 | (Bool.random(using: &random) ? 1 << 63 : 0))
      let theirs = Libbson.text(bson_decimal128_t(low: decimal.low, high: decimal.high))
      #expect(decimal.canonicalText == theirs)
      #expect(decimal.canonicalText.utf8.count <= Decimal128.maximumTextLength)
    }
  }

  @Test func namesInfinitiesAndNaN() {
    #expect(Decimal128(low: 0, high: 0x7800_0000_0000_0000).canonicalText == "Infinity")
    #expect(Decimal128(low: 0, high: 0xF800_0000_0000_0000).canonicalText == "-Infinity")
    #expect(Decimal128(low: 0, high: 0x7C00_0000_0000_0000).canonicalText == "NaN")
    #expect(!Decimal128(low: 0, high: 0x7C00_0000_0000_0000).isFinite)
  }

  @Test func takesACoefficientBeyond34DigitsForZero() {
    #expect(Decimal128(low: 0, high: 0x6C11_8000_0000_0000).canonicalText == "0E+3")
    let limit = Decimal128(low: 0x378D_8E64_0000_0000, high: 0x3040_0000_0000_0000 | 0x1_ED09_BEAD_87C0)
    #expect(limit.canonicalText == "0")
  }

  /// A JSON number of any shape, with a leaning to the limits.
  private static func numberText(using random: inout SeededGenerator) -> String {
    func digits(_ count: Int) -> String {
      (0..<count).map { _ in Bool.random(using: &random) ? "0" : String(Int.random(in: 0...9, using: &random))
      }
      .joined()
    }
    var text = Bool.random(using: &random) ? "-" : ""
    let whole = Int.random(in: 0...3, using: &random) == 0 ? Int.random(in: 1...36, using: &random) : 2
    text +=
      Bool.random(using: &random) ? "0" : String(Int.random(in: 1...9, using: &random)) + digits(whole - 1)
    if Bool.random(using: &random) { text += "." + digits(Int.random(in: 1...20, using: &random)) }
    if Int.random(in: 0...2, using: &random) == 0 {
      text += Bool.random(using: &random) ? "E" : "e"
      text += ["", "+", "-"].randomElement(using: &random) ?? ""
      let bound = [9, 99, 6_150, 6_300].randomElement(using: &random) ?? 9
      text += String(Int.random(in: 0...bound, using: &random))
    }
    return text
  }
}
