/// A name that the definition table does not know, as the tree holds it: `name`, or `{namespace}name`.
struct XMLQualifiedName {
  static let xmlURI = "http://www.w3.org/XML/1998/namespace"

  var uri: String?
  var local: String

  /// nil when XML cannot write the name.
  init?(_ name: String) {
    local = name
    if name.hasPrefix("{"), let brace = name.lastIndex(of: "}") {
      uri = String(name[name.index(after: name.startIndex)..<brace])
      local = String(name[name.index(after: brace)...])
      if uri?.isEmpty == true { return nil }
    }
    guard XMLQualifiedName.isName(local) else { return nil }
  }

  /// Whether a text is a name without a colon.
  ///
  /// See https://www.w3.org/TR/xml-names/#NT-NCName
  static func isName(_ text: String) -> Bool {
    guard let first = text.unicodeScalars.first, isNameStart(first) else { return false }
    return text.unicodeScalars.allSatisfy { isNameStart($0) || isNameContinuation($0) }
  }

  private static func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x41...0x5A, 0x61...0x7A, 0x5F, 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2FF, 0x370...0x37D,
      0x37F...0x1FFF,
      0x200C...0x200D, 0x2070...0x218F, 0x2C00...0x2FEF, 0x3001...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFFD,
      0x10000...0xEFFFF:
      true
    default: false
    }
  }

  private static func isNameContinuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x2D, 0x2E, 0x30...0x39, 0xB7, 0x300...0x36F, 0x203F...0x2040: true
    default: false
    }
  }
}
