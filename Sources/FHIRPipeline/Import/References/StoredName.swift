import FHIRModel

/// How documents keep what others may call them by, in `_fhirline.names`: one text for each identifier, and a `fullUrl` that does
/// not follow from the `_id`. Each costs the server a key of an index. The bases of servers' URLs are kept for all (``ServerBases``).
///
/// An identifier stands with its value first, `Patient?identifier=123|http://…/system`, so that it is found by its value alone as
/// well as with its system. `%` and `|` of a value are percent-encoded.
enum StoredName {
  /// What to look for.
  enum Search: Equatable {
    case anyOf([String])
    /// All texts from one on that are less than another.
    case range(from: String, to: String)
  }

  static func identifier(type: String, system: String?, value: String) -> String {
    "\(type)\(query)\(encoded(value))|\(system ?? "")"
  }

  /// How a name that ``TargetIndex`` knows is looked for among stored ones.
  static func search(_ name: String) -> Search {
    guard let mark = name.firstIndex(of: "?"), name[mark...].hasPrefix(query) else { return .anyOf([name]) }
    let type = String(name[..<mark])
    let token = name[mark...].dropFirst(query.count)
    if token.first == "|" {
      // Whatever the system: `}` comes after `|`.
      let start = type + query + encoded(token.dropFirst())
      return .range(from: start + "|", to: start + "}")
    }
    // Where a system has a bar of its own, the name does not tell which of them ends it.
    return .anyOf(
      token.indices.filter { token[$0] == "|" }.map { bar in
        identifier(
          type: type, system: String(token[..<bar]), value: String(token[token.index(after: bar)...]))
      })
  }

  /// `Patient/1` of what a server of a known base, or an export, calls it in a Bundle; nil for any other name.
  static func key(_ name: String, bases: Set<String>) -> String? {
    guard let url = ServerURL(name) else { return nil }
    let base = String(url.base)
    return base == ExportOptions.ownBaseURL || bases.contains(base) ? String(url.key) : nil
  }

  /// The `_id`s of documents that need no name to be found by `urn:uuid:` and their resource's id, or by a server's URL.
  ///
  /// - Parameters:
  ///   - key: see ``key(_:bases:)``.
  ///   - prefix: what the source's documents have before their ids.
  static func documentIDs(_ name: String, key: String?, prefix: String) -> [String] {
    if let key, let slash = key.firstIndex(of: "/") {
      let id = prefix + key[key.index(after: slash)...]
      return [id, key[...slash] + id]
    }
    guard name.hasPrefix(urn) else { return [] }
    let id = prefix + name.dropFirst(urn.count)
    return [id] + types.map { $0 + "/" + id }
  }

  /// Whether a document with that resource is found by its `_id`.
  ///
  /// - Parameter key: the resource's, `Type/id`.
  static func follows(_ fullUrl: String, from id: String, key: String) -> Bool {
    if ServerURL(fullUrl)?.key == key[...] { return true }
    return fullUrl.utf8.count == urn.utf8.count + id.utf8.count && fullUrl.hasPrefix(urn)
      && fullUrl.hasSuffix(id)
  }

  private static let query = "?identifier="
  private static let urn = "urn:uuid:"
  private static let types = DefinitionTable.r4.resourceTypes.map { DefinitionTable.r4.name(of: $0) }

  private static func encoded(_ value: some StringProtocol) -> String {
    guard value.utf8.contains(where: { $0 == UInt8(ascii: "|") || $0 == UInt8(ascii: "%") }) else {
      return String(value)
    }
    var encoded = ""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "%": encoded += "%25"
      case "|": encoded += "%7C"
      default: encoded.unicodeScalars.append(scalar)
      }
    }
    return encoded
  }
}

extension RecordResource {
  /// What the resource's own document keeps of what others may call it by.
  var storedNames: [String] {
    var names = ResourceIdentity.identifiers(of: tree, at: node).map {
      StoredName.identifier(type: type, system: $0.system, value: $0.value)
    }
    if let fullUrl, !StoredName.follows(fullUrl, from: id, key: key) { names.append(fullUrl) }
    return names
  }
}
