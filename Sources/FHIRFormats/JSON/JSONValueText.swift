internal import CDefinitions
internal import FHIRModel

/// How values are written in JSON.
enum JSONValueText {
  /// Appends plain text as a string, quotes and all; only what JSON demands is escaped (RFC 8259, section 7).
  static func append(_ text: UnsafeBufferPointer<UInt8>, to output: OutputBuffer) {
    output.append(JSONByte.quote)
    if let bytes = text.baseAddress {
      var start = 0
      while true {
        let stop = plainEnd(bytes, from: start, to: text.count)
        output.append(UnsafeBufferPointer(start: bytes + start, count: stop - start))
        if stop == text.count { break }
        appendEscape(bytes[stop], to: output)
        start = stop + 1
      }
    }
    output.append(JSONByte.quote)
  }

  /// Index of the first byte from `start` on that must be escaped.
  private static func plainEnd(_ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Int {
    var i = start
    // No padding is to be relied upon here: text may stand at the very end of a buffer.
    while i &+ 16 <= end {
      let lanes = UnsafeRawPointer(bytes + i).loadUnaligned(as: SIMD16<UInt8>.self)
      let stop = firstLane(
        (lanes .== SIMD16<UInt8>(repeating: 0x22)) .| (lanes .== SIMD16<UInt8>(repeating: 0x5C))
          .| (lanes .< SIMD16<UInt8>(repeating: 0x20)))
      i &+= stop
      if stop < 16 { return i }
    }
    while i < end, bytes[i] >= 0x20, bytes[i] != JSONByte.quote, bytes[i] != JSONByte.backslash { i &+= 1 }
    return i
  }

  private static func appendEscape(_ byte: UInt8, to output: OutputBuffer) {
    output.append(JSONByte.backslash)
    switch byte {
    case 0x08: output.append(UInt8(ascii: "b"))
    case 0x09: output.append(UInt8(ascii: "t"))
    case 0x0A: output.append(UInt8(ascii: "n"))
    case 0x0C: output.append(UInt8(ascii: "f"))
    case 0x0D: output.append(UInt8(ascii: "r"))
    case 0..<0x20:
      output.append("u00")
      output.append(byte < 0x10 ? UInt8(ascii: "0") : UInt8(ascii: "1"))
      output.append(hexDigits[Int(byte & 0xF)])
    default: output.append(byte)
    }
  }

  private static let hexDigits = Array("0123456789abcdef".utf8)

  /// Whether text is a number as JSON writes it.
  static func isNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var i = 0
    func digits() -> Bool {
      let start = i
      while i < text.count, isDigit(text[i]) { i += 1 }
      return i > start
    }
    if i < text.count, text[i] == UInt8(ascii: "-") { i += 1 }
    let first = i
    guard digits(), text[first] != UInt8(ascii: "0") || i == first + 1 else { return false }
    if i < text.count, text[i] == UInt8(ascii: ".") {
      i += 1
      guard digits() else { return false }
    }
    if i < text.count, text[i] | 0x20 == UInt8(ascii: "e") {
      i += 1
      if i < text.count, text[i] == UInt8(ascii: "+") || text[i] == UInt8(ascii: "-") { i += 1 }
      guard digits() else { return false }
    }
    return i == text.count
  }

  /// Whether a text from XML is written without quotes.
  static func isLiteral(_ text: UnsafeBufferPointer<UInt8>, _ type: TypeID?, _ table: DefinitionTable) -> Bool
  {
    guard let type else { return false }
    switch definition_grammar(rawValue: UInt32(table[type].grammar)) {
    case GRAMMAR_BOOLEAN: return isBoolean(text)
    case GRAMMAR_INTEGER, GRAMMAR_POSITIVE_INT, GRAMMAR_UNSIGNED_INT, GRAMMAR_DECIMAL: return isNumber(text)
    default: return false
    }
  }

  private static func isBoolean(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    text.elementsEqual("true".utf8) || text.elementsEqual("false".utf8)
  }
}
