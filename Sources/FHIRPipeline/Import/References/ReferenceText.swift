import Glibc

/// What the text of a `Reference.reference` says, by its form.
///
/// See http://hl7.org/fhir/R4/references.html#literal
package enum ReferenceText: Equatable, Sendable {
  /// `Patient/123`, perhaps with a version: the id of a resource of this system.
  case relative(TargetIndex.Target)
  /// `#p1`
  case contained
  /// `Practitioner?identifier=system|value`
  case identifierSearch(type: String, system: String?, value: String)
  /// Another search: nothing here can answer it.
  case search
  /// `http://…`, `urn:uuid:…`: found by its whole text.
  case url

  package init(_ text: String) {
    var text = text
    self = text.withUTF8 { ReferenceText($0) }
  }

  /// - Parameter text: decoded text, without JSON's escapes.
  package init(_ text: UnsafeBufferPointer<UInt8>) {
    if text.first == UInt8(ascii: "#") {
      self = .contained
      return
    }
    let type = ReferenceText.letters(text)
    guard type > 0, type < text.count else {
      self = .url
      return
    }
    switch text[type] {
    case UInt8(ascii: "?"): self = ReferenceText.search(text, mark: type)
    case UInt8(ascii: ":"): self = .url
    default:
      guard let slash = text[type...].firstIndex(of: UInt8(ascii: "/")) else {
        self = .url
        return
      }
      let rest = text[(slash + 1)...]
      let end = rest.firstIndex(of: UInt8(ascii: "/")) ?? text.count
      let key = UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text[..<end]))
      self = end > slash + 1 ? .relative(TargetIndex.Target(key: key)) : .url
    }
  }

  private static func search(_ text: UnsafeBufferPointer<UInt8>, mark: Int) -> ReferenceText {
    let query = text[(mark + 1)...]
    let prefix: StaticString = "identifier="
    guard query.starts(with: UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)),
      !query.contains(UInt8(ascii: "&"))
    else { return .search }
    let token = percentDecoded(query.dropFirst(prefix.utf8CodeUnitCount))
    let type = String(decoding: text[..<mark], as: UTF8.self)
    guard let bar = token.firstIndex(of: UInt8(ascii: "|")) else {
      return .identifierSearch(type: type, system: nil, value: String(decoding: token, as: UTF8.self))
    }
    let value = String(decoding: token[(bar + 1)...], as: UTF8.self)
    return .identifierSearch(
      type: type, system: bar == 0 ? nil : String(decoding: token[..<bar], as: UTF8.self), value: value)
  }

  /// Whether the text is a search by identifier in the form in which ``TargetIndex/identifierName(type:system:value:)``
  /// writes names, so that it is its own name: `Practitioner?identifier=system|value` without anything to be decoded.
  static func isIdentifierName(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let type = letters(text)
    let prefix: StaticString = "?identifier="
    guard type > 0,
      text[type...].starts(
        with: UnsafeBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount))
    else { return false }
    let search = UnsafeBufferPointer(rebasing: text[(type + prefix.utf8CodeUnitCount)...])
    // Every Encounter of a bulk export has several: not byte by byte.
    func has(_ byte: Unicode.Scalar) -> Bool {
      search.baseAddress.map { memchr($0, Int32(byte.value), search.count) != nil } ?? false
    }
    return has("|") && !has("%") && !has("&")
  }

  /// Whether the text is a URL: it begins with a scheme.
  static func isURL(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let scheme = letters(text)
    return scheme > 0 && scheme < text.count && text[scheme] == UInt8(ascii: ":")
  }

  /// Where a URL names the version of a resource: `/_history/4` at its end; nil where it names none.
  static func version(of text: UnsafeBufferPointer<UInt8>) -> Range<Int>? {
    // Most references of Bundles are urns, and have no slash: that is not found out byte by byte.
    guard let base = text.baseAddress, memchr(base, Int32(UInt8(ascii: "/")), text.count) != nil,
      let slash = text.lastIndex(of: UInt8(ascii: "/")), slash + 1 < text.count
    else { return nil }
    let history: StaticString = "/_history"
    let start = slash - history.utf8CodeUnitCount
    let word = UnsafeBufferPointer(start: history.utf8Start, count: history.utf8CodeUnitCount)
    guard start > 0, text[start..<slash].elementsEqual(word) else { return nil }
    return start..<text.count
  }

  /// A URL without the version that it names.
  static func unversioned(_ text: String) -> String {
    var text = text
    return text.withUTF8 { text in
      String(decoding: text[..<(version(of: text)?.lowerBound ?? text.count)], as: UTF8.self)
    }
  }

  /// How many ASCII letters the text begins with.
  private static func letters(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    text.firstIndex { !(0x61...0x7A).contains($0 | 0x20) } ?? text.count
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

  private static func percentDecoded(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8] {
    let source = Array(text)
    guard source.contains(UInt8(ascii: "%")) else { return source }
    var bytes: [UInt8] = []
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
    return bytes
  }
}
