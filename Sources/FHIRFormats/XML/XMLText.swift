/// Escaping for attribute values.
enum XMLText {
  /// Appends a value so that any XML parser gives it back: white space as references, which it would else make spaces
  /// (XML 1.0, 3.3.3).
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
}
