import FHIRModel

/// An absolute URL that ends with a resource's type and id, as RESTful servers name what they have: its base stands before them.
///
/// See http://hl7.org/fhir/R4/references.html#literal
struct ServerURL {
  let base: Substring
  /// `Patient/1`
  let key: Substring

  /// nil for any other name.
  init?(_ url: String) {
    let slash = UInt8(ascii: "/")
    guard url.hasPrefix("http://") || url.hasPrefix("https://"),
      let last = url.utf8.lastIndex(of: slash), let first = url.utf8[..<last].lastIndex(of: slash),
      ResourceIdentity.isID(url[url.utf8.index(after: last)...])
    else { return nil }
    let start = url.utf8.index(after: first)
    var type = String(url[start..<last])
    guard type.withUTF8({ DefinitionTable.r4.resourceTypeID($0) }) != nil else { return nil }
    base = url[..<first]
    key = url[start...]
  }
}

/// What tells a server from others, of the base of its URLs: the same with and without TLS, whatever the letters of the host.
struct ServerAddress: Hashable, Comparable {
  let text: String

  init(_ base: some StringProtocol) {
    let scheme = base.utf8.starts(with: "https".utf8) ? "https" : "http"
    var rest = base.dropFirst(scheme.count + 3)
    while rest.hasSuffix("/") { rest = rest.dropLast() }
    let host = rest.prefix { $0 != "/" }
    var name = host.lowercased()
    let port = scheme == "https" ? ":443" : ":80"
    if name.hasSuffix(port) { name.removeLast(port.count) }
    text = name + rest.dropFirst(host.count)
  }

  static func < (a: ServerAddress, b: ServerAddress) -> Bool { a.text < b.text }

  /// That of a program's own exports: their resources are those of whatever servers they came from.
  static let own = ServerAddress(ExportOptions.ownBaseURL)
}

extension ServerURL {
  /// Where the base of a RESTful URL ends: before its last two parts.
  static func baseLength(of url: UnsafeBufferPointer<UInt8>) -> Int? {
    let slash = UInt8(ascii: "/")
    // Most are urns: that is seen at once.
    guard url.first == UInt8(ascii: "h"), url.starts(with: "http".utf8), let last = url.lastIndex(of: slash)
    else { return nil }
    return url[..<last].lastIndex(of: slash)
  }
}
