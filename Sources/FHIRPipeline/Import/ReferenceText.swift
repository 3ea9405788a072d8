/// What the text of a `Reference.reference` says, by its form.
///
/// See http://hl7.org/fhir/R4/references.html#literal
package enum ReferenceText: Equatable, Sendable {
  /// `Patient/123`, perhaps with a version: the id of a resource of this system.
  case relative(type: Substring, id: Substring)
  /// `#p1`
  case contained
  /// `Practitioner?identifier=system|value`
  case identifierSearch(type: Substring, system: String?, value: String)
  /// Another search: nothing here can answer it.
  case search
  /// `http://…`, `urn:uuid:…`: found by its whole text.
  case url

  package init(_ text: String) {
    // Bytes, not Characters: every reference of an import comes through here.
    let bytes = text.utf8
    guard bytes.first != UInt8(ascii: "#") else {
      self = .contained
      return
    }
    let typeEnd = bytes.firstIndex { !(0x41...0x5A).contains($0 & 0xDF) } ?? bytes.endIndex
    guard typeEnd > bytes.startIndex, typeEnd < bytes.endIndex else {
      self = .url
      return
    }
    switch bytes[typeEnd] {
    case UInt8(ascii: ":"): self = .url
    case UInt8(ascii: "?"):
      self = ReferenceText(type: text[..<typeEnd], query: bytes[bytes.index(after: typeEnd)...])
    default:
      guard let slash = bytes[typeEnd...].firstIndex(of: UInt8(ascii: "/")) else {
        self = .url
        return
      }
      let id = bytes[bytes.index(after: slash)...].prefix { $0 != UInt8(ascii: "/") }
      self = id.isEmpty ? .url : .relative(type: text[..<slash], id: Substring(id))
    }
  }

  /// A search, such as `Practitioner?identifier=…`.
  private init(type: Substring, query: Substring.UTF8View) {
    let prefix = "identifier=".utf8
    guard query.starts(with: prefix), !query.contains(UInt8(ascii: "&")) else {
      self = .search
      return
    }
    let token = ReferenceText.percentDecoded(query.dropFirst(prefix.count))
    guard let bar = token.utf8.firstIndex(of: UInt8(ascii: "|")) else {
      self = .identifierSearch(type: type, system: nil, value: token)
      return
    }
    self = .identifierSearch(
      type: type, system: bar == token.startIndex ? nil : String(token[..<bar]),
      value: String(token[token.utf8.index(after: bar)...]))
  }

  /// Whether a reference is written as anything but `Type/id` or `#id`; told by its bytes, as nearly all are.
  package static func needsResolving(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = text.first, first != UInt8(ascii: "#") else { return false }
    for byte in text
    where byte == UInt8(ascii: ":") || byte == UInt8(ascii: "?") || byte == UInt8(ascii: "\\") {
      return true
    }
    return false
  }

  private static func percentDecoded(_ text: Substring.UTF8View) -> String {
    guard text.contains(UInt8(ascii: "%")) else { return String(Substring(text)) }
    var bytes: [UInt8] = []
    let source = Array(text)
    var i = 0
    while i < source.count {
      if source[i] == UInt8(ascii: "%"), i + 2 < source.count,
        let value = UInt8(String(decoding: source[i + 1...i + 2], as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        i += 3
      } else {
        bytes.append(source[i])
        i += 1
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
