/// UTF-8 validity, ASCII first.
enum UTF8Text {
  @inline(__always)
  static func isValid(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let base = text.baseAddress else { return true }
    let raw = UnsafeRawPointer(base)
    let count = text.count
    var at = 0
    while at &+ 8 <= count {
      if raw.loadUnaligned(fromByteOffset: at, as: UInt64.self) & 0x8080_8080_8080_8080 != 0 {
        return isValidUnicode(text)
      }
      at &+= 8
    }
    while at < count {
      if text[at] >= 0x80 { return isValidUnicode(text) }
      at &+= 1
    }
    return true
  }

  @inline(never)
  private static func isValidUnicode(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    (try? UTF8Span(validating: Span(_unsafeElements: text))) != nil
  }
}
