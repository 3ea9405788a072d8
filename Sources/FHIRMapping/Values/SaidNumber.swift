import BSON

/// A number as a document says it: `72.50` is 72.5, and known to the hundredth.
///
/// See http://hl7.org/fhir/R4/datatypes.html#decimal
struct SaidNumber {
  let value: Double
  /// The number as JSON writes it, with the digits that it was given.
  let text: String

  /// - Parameter text: what JSON writes otherwise (`+5`, `.5`, `072.50`) keeps its digits; of powers of ten (`1e5`) the number counts.
  init?(_ text: String) {
    // Swift reads hexadecimal digits as well.
    guard !text.utf8.contains(UInt8(ascii: "x")), !text.utf8.contains(UInt8(ascii: "X")),
      let value = Double(text), value.isFinite, let nearest = JSONNumber.text(of: value)
    else { return nil }
    let plain = SaidNumber.plain(text)
    // What is too small for a Double is not nothing.
    guard plain != nil || value != 0 || !SaidNumber.hasDigits(text) else { return nil }
    self.value = value
    self.text = plain ?? nearest
  }

  /// Whether there are digits other than zeros before the power of ten.
  private static func hasDigits(_ text: String) -> Bool {
    text.utf8.prefix { $0 | 0x20 != UInt8(ascii: "e") }.contains { $0 &- 0x31 <= 8 }
  }

  /// A number of any BSON type.
  init?(_ stored: BSONValue) {
    switch stored {
    case .int32(let value): self.init(String(value))
    case .int64(let value): self.init(String(value))
    case .decimal128(let value): self.init(value.canonicalText)
    case .binary(BinarySubtype.token, let bytes): self.init(String(decoding: bytes, as: UTF8.self))
    case .double(let value):
      guard let text = JSONNumber.text(of: value) else { return nil }
      self.init(text)
    default: return nil
    }
  }

  /// The number as import would have stored it, where that says all of it.
  var stored: BSONValue { JSONNumber.text(of: value) == text ? .double(value) : .number(text: text) }

  /// Digits, perhaps with a sign before them and a fraction behind them, without the zeros and the sign that say nothing.
  private static func plain(_ text: String) -> String? {
    guard let parts = text.wholeMatch(of: /([+-]?)0*([0-9]*)(?:\.([0-9]*))?/)?.output else { return nil }
    let sign = parts.1 == "-" ? "-" : ""
    let whole = parts.2.isEmpty ? "0" : parts.2
    let fraction = parts.3.map { $0.isEmpty ? "" : "." + $0 } ?? ""
    return sign + whole + fraction
  }
}
