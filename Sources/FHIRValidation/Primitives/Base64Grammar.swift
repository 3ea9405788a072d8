/// The grammar of base64Binary: RFC 4648's groups of four, white space allowed around them.
///
/// See https://hl7.org/fhir/R4/datatypes.html#base64Binary
enum Base64Grammar {
  static func base64Binary(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard !text.isEmpty else { return .empty }
    // Attachments are long, and digits from end to end.
    let start = digitBlocks(text)
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

  private typealias Block = SIMD16<UInt8>

  /// How many bytes at the beginning are digits, counted in blocks of sixteen.
  private static func digitBlocks(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    let bytes = UnsafeRawBufferPointer(text)
    var i = 0
    while i + Block.scalarCount <= bytes.count {
      let block = bytes.loadUnaligned(fromByteOffset: i, as: Block.self)
      let letters = lanes(of: (block | Block(repeating: 0x20)) &- Block(repeating: UInt8(ascii: "a")), below: 26)
      let numerals = lanes(of: block &- Block(repeating: UInt8(ascii: "0")), below: 10)
      // '+' and '/' differ by four, and nothing else is one of them but for that bit.
      let signs = lanes(of: (block &- Block(repeating: UInt8(ascii: "+"))) & Block(repeating: 0xFB), below: 1)
      let halves = unsafeBitCast(letters | numerals | signs, to: SIMD2<UInt64>.self)
      guard halves[0] & halves[1] == .max else { break }
      i += Block.scalarCount
    }
    return i
  }

  /// 255 in the lanes that are below a bound. Signed numbers, for the processor compares no others.
  @inline(__always)
  private static func lanes(of block: Block, below bound: UInt8) -> Block {
    let signed = unsafeBitCast(block ^ Block(repeating: 0x80), to: SIMD16<Int8>.self)
    return unsafeBitCast(
      signed .< SIMD16<Int8>(repeating: Int8(bitPattern: bound ^ 0x80)), to: Block.self)
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
