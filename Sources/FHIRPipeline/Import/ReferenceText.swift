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
    if text.hasPrefix("#") {
      self = .contained
      return
    }
    let letters = text.utf8.prefix { (0x41...0x5A).contains($0 & 0xDF) }
    let type = text[letters.startIndex..<letters.endIndex]
    guard !type.isEmpty, !text.hasPrefix("urn:"), !text[type.endIndex...].hasPrefix(":") else {
      self = .url
      return
    }
    if text[type.endIndex...].hasPrefix("?"), let mark = text.firstIndex(of: "?") {
      let query = text[text.index(after: mark)...]
      let prefix = "identifier="
      guard query.hasPrefix(prefix), !query.contains("&") else {
        self = .search
        return
      }
      let token = ReferenceText.percentDecoded(query.dropFirst(prefix.count))
      if let bar = token.firstIndex(of: "|") {
        let system = String(token[..<bar])
        self = .identifierSearch(
          type: type, system: system.isEmpty ? nil : system, value: String(token[token.index(after: bar)...]))
      } else {
        self = .identifierSearch(type: type, system: nil, value: token)
      }
      return
    }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count >= 2, !parts[0].isEmpty, !parts[1].isEmpty {
      self = .relative(type: parts[0], id: parts[1])
    } else {
      self = .url
    }
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

  private static func percentDecoded(_ text: Substring) -> String {
    guard text.contains("%") else { return String(text) }
    var bytes: [UInt8] = []
    let source = Array(text.utf8)
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
