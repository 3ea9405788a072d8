/// The grammars of string, markdown, code and id.
///
/// See https://hl7.org/fhir/R4/datatypes.html#string
enum TextGrammar {
  /// FHIR's limit for a string: 1024 * 1024 characters.
  static let maxLength = 1 << 20

  /// Any text but an empty one; white space around it is allowed.
  @inline(__always)
  static func string(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    if text.isEmpty { return .empty }
    if text.count > maxLength { return long(text) }
    return .valid
  }

  /// A text that came with escapes, or not from JSON, may hold control characters.
  static func unescapedString(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    for byte in text where byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D {
      return .controlCharacter
    }
    return string(text)
  }

  private static func long(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    // Continuation bytes belong to the character before them.
    var characters = 0
    for byte in text where byte & 0xC0 != 0x80 { characters += 1 }
    return characters > maxLength ? .tooLong : .valid
  }

  /// Words joined by single spaces, and no other white space: the prose is stricter here than its regular expression.
  ///
  /// See https://hl7.org/fhir/R4/datatypes.html#code
  static func code(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard !text.isEmpty else { return .empty }
    if !ByteSearch.hasWhitespace(text) { return .valid }
    var before = true
    for byte in text {
      if byte < 0x20 && !isWhitespace(byte) { return .controlCharacter }
      let isSpace = byte == 0x20
      if isWhitespace(byte), before || !isSpace { return .whitespace }
      before = isSpace
    }
    return before ? .whitespace : .valid
  }

  /// 1 to 64 letters, digits, hyphens and dots.
  static func id(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard !text.isEmpty else { return .empty }
    // Most are UUIDs: two blocks and four bytes.
    let start = TextBlocks.leading(text) { block in
      TextBlocks.letters(block) | TextBlocks.digits(block) | TextBlocks.bytes(block, UInt8(ascii: "-"))
        | TextBlocks.bytes(block, UInt8(ascii: "."))
    }
    for byte in text[start...] where !isIDByte(byte) { return byte == 0x20 ? .whitespace : .malformed }
    return text.count <= 64 ? .valid : .tooLong
  }

  @inline(__always)
  static func isIDByte(_ byte: UInt8) -> Bool {
    // '-', '.', '0'...'9' below 64; letters above.
    let low: UInt64 = 0x03FF_6000_0000_0000
    let high: UInt64 = 0x07FF_FFFE_07FF_FFFE
    guard byte < 0x80 else { return false }
    return (byte < 0x40 ? low : high) >> UInt64(byte & 0x3F) & 1 == 1
  }

  @inline(__always)
  static func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
}

/// Searches of text, eight bytes at a time.
enum ByteSearch {
  /// Whether a text holds a byte up to 0x20: white space or a control character.
  @inline(__always)
  static func hasWhitespace(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = text.baseAddress else { return false }
    let p = UnsafeRawPointer(base)
    let count = text.count
    if count >= 8 {
      var i = 0
      while i &+ 8 <= count {
        if hasLow(p.loadUnaligned(fromByteOffset: i, as: UInt64.self)) { return true }
        i &+= 8
      }
      return hasLow(p.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self))
    }
    for byte in text where byte <= 0x20 { return true }
    return false
  }

  /// Whether one of eight bytes is below 0x21. See "Bit Twiddling Hacks", hasless.
  @inline(__always)
  private static func hasLow(_ x: UInt64) -> Bool {
    (x &- 0x2121_2121_2121_2121) & ~x & 0x8080_8080_8080_8080 != 0
  }
}
