/// The forms of `encode()` and `decode()`.
///
/// See https://hl7.org/fhirpath/N1/#additional-string-functions
enum TextEncoding: String {
  case hex, base64, urlbase64

  private static let digits = Array("0123456789abcdef".utf8)
  private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

  private var alphabet: [UInt8] { TextEncoding.letters + Array((self == .base64 ? "+/" : "-_").utf8) }

  func encode(_ text: String) -> String? {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    if self == .hex {
      for byte in bytes {
        result += [TextEncoding.digits[Int(byte >> 4)], TextEncoding.digits[Int(byte & 15)]]
      }
      return String(decoding: result, as: UTF8.self)
    }
    let alphabet = alphabet
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      var bits: UInt32 = 0
      for position in 0..<3 {
        bits = bits << 8 | UInt32(position < group.count ? group[start + position] : 0)
      }
      for position in 0..<4 {
        let letter = alphabet[Int(bits >> UInt32(18 - position * 6) & 63)]
        result.append(position <= group.count ? letter : UInt8(ascii: "="))
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// Nil for what is no such form, or no text once decoded.
  func decode(_ text: String) -> String? {
    guard let bytes = self == .hex ? unhex(text) : unbase(text) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  private func unhex(_ text: String) -> [UInt8]? {
    let digits = text.compactMap(\.hexDigitValue)
    guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }

  private func unbase(_ text: String) -> [UInt8]? {
    var values = [UInt8](repeating: 0xFF, count: 256)
    for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
    var letters = Array(text.utf8)
    while letters.last == UInt8(ascii: "=") { letters.removeLast() }
    guard letters.count % 4 != 1 else { return nil }
    var result: [UInt8] = []
    var bits: UInt32 = 0
    var count: UInt32 = 0
    for letter in letters {
      guard values[Int(letter)] != 0xFF else { return nil }
      bits = (bits << 6 | UInt32(values[Int(letter)])) & 0xFFFF
      count += 6
      if count >= 8 {
        count -= 8
        result.append(UInt8(truncatingIfNeeded: bits >> count))
      }
    }
    return result
  }
}

/// The forms of `escape()` and `unescape()`.
enum TextEscape: String {
  case html, json

  private static let entities: [(Unicode.Scalar, String)] = [
    ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\"", "&quot;"), ("'", "&#39;"),
  ]
  private static let escapes: [(Unicode.Scalar, String)] = [
    ("\"", "\\\""), ("\\", "\\\\"), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t"), ("\u{08}", "\\b"),
    ("\u{0C}", "\\f"),
  ]

  func escape(_ text: String) -> String? {
    let table = self == .html ? TextEscape.entities : TextEscape.escapes
    var result = ""
    for scalar in text.unicodeScalars {
      if let escaped = table.first(where: { $0.0 == scalar }) {
        result += escaped.1
      } else if self == .json, scalar.value < 0x20 {
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  func unescape(_ text: String) -> String? {
    var result = String.UnicodeScalarView()
    var rest = Substring(text).unicodeScalars
    while let scalar = rest.first {
      if let (decoded, length) = self == .html ? entity(rest) : jsonEscape(rest) {
        result.append(decoded)
        rest = rest.dropFirst(length)
      } else {
        result.append(scalar)
        rest = rest.dropFirst()
      }
    }
    return String(result)
  }

  private func entity(_ text: Substring.UnicodeScalarView) -> (Unicode.Scalar, Int)? {
    guard text.first == "&", let end = text.prefix(12).firstIndex(of: ";") else { return nil }
    let name = String(text[text.index(after: text.startIndex)..<end])
    let length = name.unicodeScalars.count + 2
    if let known = TextEscape.entities.first(where: { $0.1 == "&\(name);" }) { return (known.0, length) }
    if name == "apos" { return ("'", length) }
    guard name.hasPrefix("#") else { return nil }
    let digits = name.dropFirst()
    let value = digits.lowercased().hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    return value.flatMap { Unicode.Scalar($0) }.map { ($0, length) }
  }

  private func jsonEscape(_ text: Substring.UnicodeScalarView) -> (Unicode.Scalar, Int)? {
    guard text.first == "\\", let second = text.dropFirst().first else { return nil }
    if second == "/" { return ("/", 2) }
    if let known = TextEscape.escapes.first(where: { $0.1.unicodeScalars.last == second }) {
      return (known.0, 2)
    }
    guard second == "u" else { return nil }
    let digits = String(text.dropFirst(2).prefix(4))
    guard digits.utf8.count == 4, let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value)
    else { return nil }
    return (scalar, 6)
  }
}
