import FHIRModel
import Testing

@Suite struct JSONEscapesTests {
  private func decoded(_ raw: String) -> (text: String, whole: Bool) {
    let buffer = TextBuffer()
    var raw = raw
    let whole = raw.withUTF8 { JSONEscapes.decode($0, into: buffer) }
    let decoded = UnsafeBufferPointer(start: buffer.bytes, count: buffer.count)
    return (String(decoding: decoded, as: UTF8.self), whole)
  }

  @Test(arguments: [
    ("plain", "plain"), (#"a\nb\tc\r\b\f"#, "a\nb\tc\r\u{8}\u{C}"), (#"\"\\\/"#, "\"\\/"),
    (#"\u00e9\u20AC"#, "é€"), (#"\ud83d\ude00!"#, "😀!"), (#"\u0000"#, "\0"), ("", ""),
  ])
  func `an escape gives its scalar`(raw: String, text: String) {
    let result = decoded(raw)
    #expect(result.text == text)
    #expect(result.whole)
  }

  @Test(arguments: [#"\ud83d"#, #"\ude00x"#, #"\ud83dx"#, #"\ud83d\u0041"#])
  func `a lone surrogate is told`(raw: String) {
    let result = decoded(raw)
    #expect(!result.whole)
    #expect(result.text.unicodeScalars.contains("\u{FFFD}"))
  }
}
