import FHIRModel

/// The grammars of uri, url, canonical, oid and uuid.
///
/// FHIR asks of a uri that it hold no white space; what follows `urn:oid:` and `urn:uuid:` has a grammar of
/// its own wherever it stands (RFC 3061, RFC 4122). See https://hl7.org/fhir/R4/datatypes.html#uri
enum URIGrammar {
  static func uri(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard let p = text.baseAddress, text.count > 0 else { return .empty }
    if ByteSearch.hasWhitespace(text) { return .whitespace }
    switch p[0] {
    case UInt8(ascii: "u"):
      if starts(text, with: "urn:") {
        if starts(text, with: "urn:uuid:") {
          return isUUID(withoutFragment(text, from: 9)) ? .valid : .malformed
        }
        if starts(text, with: "urn:oid:") { return isOID(suffix(text, from: 8)) ? .valid : .malformed }
      } else if starts(text, with: "uuid:") {
        return .malformed
      }
    case UInt8(ascii: "o"):
      if starts(text, with: "oid:") { return .malformed }
    default: break
    }
    return .valid
  }

  /// Whether a text begins as a whole URI does (RFC 3986, section 3.1).
  static func hasScheme(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let colon = text.firstIndex(of: UInt8(ascii: ":")), colon > 0, (text[0] | 0x20) &- 0x61 < 26 else {
      return false
    }
    return text[..<colon].allSatisfy { byte in
      (byte | 0x20) &- 0x61 < 26 || byte &- 0x30 < 10 || byte == UInt8(ascii: "+")
        || byte == UInt8(ascii: "-")
        || byte == UInt8(ascii: ".")
    }
  }

  static func oid(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard !text.isEmpty else { return .empty }
    if ByteSearch.hasWhitespace(text) { return .whitespace }
    return starts(text, with: "urn:oid:") && isOID(suffix(text, from: 8)) ? .valid : .malformed
  }

  /// FHIR's uuid type has lower-case digits only.
  static func uuid(_ text: UnsafeBufferPointer<UInt8>) -> PrimitiveVerdict {
    guard !text.isEmpty else { return .empty }
    if ByteSearch.hasWhitespace(text) { return .whitespace }
    guard starts(text, with: "urn:uuid:"), isUUID(suffix(text, from: 9)) else { return .malformed }
    for byte in text.dropFirst(9) where byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "F") {
      return .malformed
    }
    return .valid
  }

  @inline(__always)
  static func starts(_ text: UnsafeBufferPointer<UInt8>, with prefix: StaticString) -> Bool {
    text.count >= prefix.utf8CodeUnitCount
      && memoryEqual(text.baseAddress, prefix.utf8Start, prefix.utf8CodeUnitCount)
  }

  @inline(__always)
  static func suffix(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(rebasing: text[start...])
  }

  private static func withoutFragment(_ text: UnsafeBufferPointer<UInt8>, from start: Int)
    -> UnsafeBufferPointer<UInt8>
  {
    guard text.count != start + 36, let hash = text.firstIndex(of: UInt8(ascii: "#")), hash >= start else {
      return suffix(text, from: start)
    }
    return UnsafeBufferPointer(rebasing: text[start..<hash])
  }

  /// Eight, four, four, four and twelve hexadecimal digits.
  static func isUUID(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count == 36, let p = text.baseAddress else { return false }
    for i in 0..<36 {
      if i == 8 || i == 13 || i == 18 || i == 23 {
        if p[i] != UInt8(ascii: "-") { return false }
      } else if !isHex(p[i]) {
        return false
      }
    }
    return true
  }

  @inline(__always)
  private static func isHex(_ byte: UInt8) -> Bool {
    byte &- UInt8(ascii: "0") <= 9 || (byte | 0x20) &- UInt8(ascii: "a") <= 5
  }

  /// `[0-2](\.(0|[1-9][0-9]*))+`
  static func isOID(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count >= 3, text[0] &- UInt8(ascii: "0") <= 2 else { return false }
    var i = 1
    while i < text.count {
      guard text[i] == UInt8(ascii: ".") else { return false }
      let start = i + 1
      i = start
      while i < text.count, text[i] &- UInt8(ascii: "0") <= 9 { i += 1 }
      guard i > start, i == start + 1 || text[start] != UInt8(ascii: "0") else { return false }
    }
    return true
  }
}
