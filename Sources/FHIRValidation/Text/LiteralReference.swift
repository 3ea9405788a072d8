import FHIRModel

/// What the text of a literal reference, or of a fullUrl, says by its form alone.
///
/// See https://hl7.org/fhir/R4/references.html#literal and https://hl7.org/fhir/R4/http.html#general
struct LiteralReference {
  enum Form {
    /// `#id`: a contained resource; `#` alone: the resource that contains.
    case fragment
    /// `urn:uuid:…` and `urn:oid:…`; their own grammar is the uri's.
    case urn
    /// Any other text that begins with a scheme.
    case absolute
    /// `Type/id`, `Type/id/_history/version`.
    case relative
    /// `Type?parameters`, resolved by a server within a transaction.
    case conditional
    case malformed
  }

  private(set) var form: Form
  /// The resource type that the text names, if it is one of R4's.
  private(set) var type: TypeID?
  private(set) var isVersioned = false
  private(set) var isHTTP = false

  var isAbsolute: Bool { form == .urn || form == .absolute }

  init(_ text: UnsafeBufferPointer<UInt8>, _ table: DefinitionTable) {
    guard let first = text.first else {
      form = .malformed
      return
    }
    if first == UInt8(ascii: "#") {
      form = .fragment
    } else if URIGrammar.starts(text, with: "urn:") {
      form = ByteSearch.hasWhitespace(text) ? .malformed : .urn
    } else if Self.hasScheme(text) {
      form = ByteSearch.hasWhitespace(text) ? .malformed : .absolute
      isHTTP = URIGrammar.starts(text, with: "http://") || URIGrammar.starts(text, with: "https://")
      if isHTTP { readPath(text, table) }
    } else if first &- UInt8(ascii: "A") < 26 {
      form = .relative
      readRelative(text, table)
    } else {
      form = .malformed
    }
  }

  /// Reads `…/Type/id` and `…/Type/id/_history/version` from the end; a text of another form has no type.
  private mutating func readPath(_ text: UnsafeBufferPointer<UInt8>, _ table: DefinitionTable) {
    var rest = text[...]
    guard var last = Self.cutLast(&rest), var before = Self.cutLast(&rest) else { return }
    if before.elementsEqual("_history".utf8) {
      isVersioned = true
      guard let id = Self.cutLast(&rest), let type = Self.cutLast(&rest) else { return }
      (last, before) = (id, type)
    }
    guard TextGrammar.id(UnsafeBufferPointer(rebasing: last)) == .valid else { return }
    type = table.resourceTypeID(UnsafeBufferPointer(rebasing: before))
  }

  private mutating func readRelative(_ text: UnsafeBufferPointer<UInt8>, _ table: DefinitionTable) {
    var end = 0
    while end < text.count, text[end] != UInt8(ascii: "/"), text[end] != UInt8(ascii: "?") { end += 1 }
    type = table.resourceTypeID(UnsafeBufferPointer(rebasing: text[..<end]))
    guard end + 1 < text.count else {
      form = .malformed
      return
    }
    if text[end] == UInt8(ascii: "?") {
      form = .conditional
      return
    }
    var id = text[(end + 1)...]
    if let slash = id.firstIndex(of: UInt8(ascii: "/")) {
      let history = UnsafeBufferPointer(rebasing: id[slash...])
      isVersioned = URIGrammar.starts(history, with: "/_history/")
      let version = UnsafeBufferPointer(rebasing: history.dropFirst(10))
      guard isVersioned, TextGrammar.id(version) == .valid else {
        form = .malformed
        return
      }
      id = id[..<slash]
    }
    if TextGrammar.id(UnsafeBufferPointer(rebasing: id)) != .valid { form = .malformed }
  }

  /// Cuts the last segment off a path.
  private static func cutLast(_ path: inout Slice<UnsafeBufferPointer<UInt8>>) -> Slice<
    UnsafeBufferPointer<UInt8>
  >? {
    guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return nil }
    defer { path = path[..<slash] }
    return path[(slash + 1)...]
  }

  /// A scheme and its colon. See RFC 3986, section 3.1.
  private static func hasScheme(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = text.first, (first | 0x20) &- UInt8(ascii: "a") < 26 else { return false }
    for byte in text {
      if byte == UInt8(ascii: ":") { return true }
      let isLetter = (byte | 0x20) &- UInt8(ascii: "a") < 26
      let isDigit = byte &- UInt8(ascii: "0") <= 9
      guard
        isLetter || isDigit || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-")
          || byte == UInt8(ascii: ".")
      else { return false }
    }
    return false
  }
}
