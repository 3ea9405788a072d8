/// The grammar of base64Binary: RFC 4648's groups of four, white space allowed around them.
///
/// See https://hl7.org/fhir/R4/datatypes.html#base64Binary
enum Base64Grammar {
  static func base64Binary(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard !text.isEmpty else { return .empty }
    // Attachments are long, and digits from end to end.
    let start = TextBlocks.leading(text) { block in
      TextBlocks.letters(block) | TextBlocks.digits(block) | TextBlocks.bytes(block, UInt8(ascii: "+"))
        | TextBlocks.bytes(block, UInt8(ascii: "/"))
    }
    var digits = start
    var padding = 0
    for byte in text[start...] {
      if isDigit(byte) {
        if padding > 0 { return .malformed }
        digits &+= 1
      } else if byte == UInt8(ascii: "=") {
        padding &+= 1
        if padding > 2 { return .malformed }
      } else if !TextGrammar.isWhitespace(byte) {
        return .malformed
      }
    }
    return digits > 0 && (digits + padding) % 4 == 0 ? .valid : .malformed
  }

  @inline(__always)
  private static func isDigit(_ byte: UInt8) -> Bool {
    // '+', '/' and '0'...'9' below 64; letters above.
    let low: UInt64 = 0x03FF_8800_0000_0000
    let high: UInt64 = 0x07FF_FFFE_07FF_FFFE
    guard byte < 0x80 else { return false }
    return (byte < 0x40 ? low : high) >> UInt64(byte & 0x3F) & 1 == 1
  }
}
