import BSON

/// A number as a document says it: `72.50` is 72.5, and known to the hundredth.
///
/// See http://hl7.org/fhir/R4/datatypes.html#decimal
struct SaidNumber {
  let value: Double
  /// The number as JSON writes it, with the digits that it was given.
  let text: String

  /// - Parameter text: what is no number of JSON's (`+5`, `.5`, `070`) counts as the number that it means.
  init?(_ text: String) {
    // Swift reads hexadecimal digits as well.
    guard !text.utf8.contains(UInt8(ascii: "x")), !text.utf8.contains(UInt8(ascii: "X")),
      let value = Double(text), value.isFinite, let plain = JSONNumber.text(of: value)
    else { return nil }
    self.value = value
    self.text = SaidNumber.isPlain(text) ? text : plain
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

  /// Whether a text is digits, perhaps with a sign before them and a fraction behind them, and no zeros that say nothing.
  private static func isPlain(_ text: String) -> Bool {
    text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?/) != nil
  }
}
