/// Escaping for attribute values.
enum XMLAttributeText {
  /// What became of a text.
  enum Outcome {
    case exact
    /// A character that XML 1.0 does not allow was replaced.
    case forbidden
    /// Bytes that are no UTF-8 were replaced.
    case notUTF8
  }

  /// XML's white space (XML 1.0, 2.3).
  @inline(__always)
  static func isWhitespace(_ byte: UInt8) -> Bool {
    byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D
  }

  /// Appends a value so that any XML parser gives it back: white space as references, which it would else make spaces
  /// (XML 1.0, 3.3.3); what XML cannot hold (2.2) as U+FFFD.
  static func appendEscaped(_ value: UnsafeBufferPointer<UInt8>, to output: OutputBuffer) -> Outcome {
    guard let base = value.baseAddress else { return .exact }
    var outcome = Outcome.exact
    let count = value.count
    var plain = 0
    var i = 0
    func flush() {
      if i > plain { output.append(UnsafeBufferPointer(start: base + plain, count: i - plain)) }
    }
    while i < count {
      let byte = base[i]
      if plainBytes[Int(byte)] != 0 {
        i &+= 1
        continue
      }
      if byte >= 0x80 {
        let length = scalarLength(base, i, count)
        if length > 0 {
          i += length
          continue
        }
        flush()
        output.append("\u{FFFD}")
        if outcome == .exact { outcome = length == 0 ? .notUTF8 : .forbidden }
        i += max(-length, 1)
        plain = i
        continue
      }
      flush()
      switch byte {
      case UInt8(ascii: "&"): output.append("&amp;")
      case UInt8(ascii: "<"): output.append("&lt;")
      case UInt8(ascii: ">"): output.append("&gt;")
      case UInt8(ascii: "\""): output.append("&quot;")
      case 0x09: output.append("&#9;")
      case 0x0A: output.append("&#10;")
      case 0x0D: output.append("&#13;")
      default:
        output.append("\u{FFFD}")
        if outcome == .exact { outcome = .forbidden }
      }
      i += 1
      plain = i
    }
    flush()
    return outcome
  }

  /// The same for texts that libxml2 has read, and that hold nothing forbidden.
  static func appendEscaped(_ value: some Sequence<UInt8>, to output: inout [UInt8]) {
    for byte in value {
      switch byte {
      case UInt8(ascii: "&"): output += "&amp;".utf8
      case UInt8(ascii: "<"): output += "&lt;".utf8
      case UInt8(ascii: ">"): output += "&gt;".utf8
      case UInt8(ascii: "\""): output += "&quot;".utf8
      case 0x09: output += "&#9;".utf8
      case 0x0A: output += "&#10;".utf8
      case 0x0D: output += "&#13;".utf8
      default: output.append(byte)
      }
    }
  }

  /// 1 for ASCII that stands for itself.
  private static let plainBytes: [UInt8] = (0..<256).map { byte in
    byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x26 || byte == 0x3C || byte == 0x3E ? 0 : 1
  }

  /// Bytes of the scalar at an index: 0 if they are no UTF-8, negative if XML forbids the scalar.
  static func scalarLength(_ bytes: UnsafePointer<UInt8>, _ i: Int, _ count: Int) -> Int {
    func follows(_ offset: Int, _ range: ClosedRange<UInt8> = 0x80...0xBF) -> Bool {
      i + offset < count && range.contains(bytes[i + offset])
    }
    switch bytes[i] {
    case 0xC2...0xDF: return follows(1) ? 2 : 0
    case 0xE0: return follows(1, 0xA0...0xBF) && follows(2) ? 3 : 0
    case 0xED: return follows(1, 0x80...0x9F) && follows(2) ? 3 : 0
    case 0xE1...0xEF:
      guard follows(1) && follows(2) else { return 0 }
      // U+FFFE and U+FFFF.
      return bytes[i] == 0xEF && bytes[i + 1] == 0xBF && bytes[i + 2] >= 0xBE ? -3 : 3
    case 0xF0: return follows(1, 0x90...0xBF) && follows(2) && follows(3) ? 4 : 0
    case 0xF1...0xF3: return follows(1) && follows(2) && follows(3) ? 4 : 0
    case 0xF4: return follows(1, 0x80...0x8F) && follows(2) && follows(3) ? 4 : 0
    default: return 0
    }
  }
}
