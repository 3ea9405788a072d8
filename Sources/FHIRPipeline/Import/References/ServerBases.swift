import BSON
import DocumentStore
import FHIRMapping
import FHIRModel
import Synchronization

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

/// The bases of servers by whose URLs a source's resources are known: a note for each in the database, so that no document needs to keep
/// its own URL.
enum ServerBases {
  static let collection = "fhirline_bases"
  /// More of a source are not known.
  static let most = 10_000

  /// Those that the database has.
  static func stored(of source: String, _ connection: borrowing StoreConnection) throws -> Set<String> {
    var bases: Set<String> = []
    try connection.find(
      try BSONDocument(["source": .string(source)]), in: collection,
      options: FindOptions(sort: ["_id": 1], limit: Int64(most))
    ) { note in
      if let base = try note.find("base")?.text { bases.insert(base) }
    }
    return bases
  }

  /// Notes bases; those that are there stay as they are.
  static func note(_ bases: Set<String>, of source: String, _ connection: borrowing StoreConnection) throws {
    let notes = bases.sorted().map { base -> BSONFields in
      [
        "_id": .string(ContentDigest.text(of: "\(source)\n\(base)")), "base": .string(base),
        "source": .string(source),
      ]
    }
    let result = try connection.insert(try notes.map { try BSONDocument($0) }, into: collection)
    if let refused = result.failures.first(where: { $0.reason != .duplicateKey }) {
      throw StoreError(.writeFailed, "a server's address could not be noted: \(refused.message)")
    }
  }
}

/// The bases that a run's resources came with.
final class SeenBases: Sendable {
  private let bases = Mutex<Set<String>>([])

  /// Takes note of where a resource came from; its document keeps the URL itself where that is another than its type and id make.
  func see(_ resource: RecordResource) {
    guard let url = resource.fullUrl, url.hasPrefix("http"), let known = ServerURL(url),
      known.key == resource.key[...]
    else { return }
    bases.withLock { bases in
      guard bases.count < ServerBases.most else { return }
      let base = String(known.base)
      if base != ExportOptions.ownBaseURL { bases.insert(base) }
    }
  }

  /// Those that the database does not know.
  func new(of source: String, _ store: DocumentStore) throws -> Set<String> {
    let seen = bases.withLock { $0 }
    guard !seen.isEmpty else { return [] }
    return try store.persevering { connection in
      seen.subtracting(try ServerBases.stored(of: source, connection))
    }
  }
}
