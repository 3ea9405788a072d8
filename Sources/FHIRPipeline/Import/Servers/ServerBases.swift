import BSON
import DocumentStore
import FHIRMapping
import FHIRModel
import Synchronization

/// The bases of servers by whose URLs a source's resources are known: a note for each in the database, so that no document needs to keep
/// its own URL.
enum ServerBases {
  static let collection = "fhirline_bases"
  /// More of a source are not known.
  static let most = 10_000

  /// Those that the database has.
  static func stored(of source: String, _ connection: borrowing StoreConnection) throws -> Set<String> {
    try known(of: source, connection).bases
  }

  /// The servers of a source that the database knows.
  struct Known: Sendable {
    var bases: Set<String> = []
    /// Those of which nothing is loaded.
    var strangers: [StrangeServers.Case] = []
    /// How many notes do not say which server they are of: somebody changed them.
    var unreadable = 0
  }

  static func known(of source: String, _ connection: borrowing StoreConnection) throws -> Known {
    var known = Known()
    try connection.find(
      try BSONDocument(["source": .string(source)]), in: collection,
      options: FindOptions(sort: ["_id": 1], limit: Int64(most))
    ) { note in
      guard let base = try note.find("base")?.text else { return known.unreadable += 1 }
      var stranger = StrangeServers.Case(
        base: base, other: try note.find("than")?.text ?? "", key: try note.find("key")?.text ?? "")
      // Its `_id` tells as well, where somebody changed the rest of it.
      if stranger.other.isEmpty, try note.find("_id")?.text == strangerID(stranger, source) {
        stranger.other = "another server"
      }
      if stranger.other.isEmpty { known.bases.insert(base) } else { known.strangers.append(stranger) }
    }
    let strangers = Set(known.strangers.map { ServerAddress($0.base) })
    if !strangers.isEmpty { known.bases = known.bases.filter { !strangers.contains(ServerAddress($0)) } }
    return known
  }

  /// Notes servers of which nothing is loaded, so that no later import takes them for others; or, where they were found to be addresses
  /// of one, forgets that.
  static func note(
    strangers: [StrangeServers.Case], of source: String, _ connection: borrowing StoreConnection
  ) throws {
    let notes = strangers.map { stranger -> BSONFields in
      [
        "_id": .string(strangerID(stranger, source)), "base": .string(stranger.base),
        "key": .string(stranger.key), "source": .string(source), "than": .string(stranger.other),
      ]
    }
    try insert(notes, connection)
  }

  static func forget(
    strangers: [StrangeServers.Case], of source: String, _ connection: borrowing StoreConnection
  ) throws {
    guard !strangers.isEmpty else { return }
    _ = try connection.delete(ids: strangers.map { strangerID($0, source) }, from: collection)
  }

  private static func strangerID(_ stranger: StrangeServers.Case, _ source: String) -> String {
    ContentDigest.text(of: "\(source)\n\(stranger.base)\nstranger")
  }

  /// Notes bases; those that are there stay as they are.
  static func note(_ bases: Set<String>, of source: String, _ connection: borrowing StoreConnection) throws {
    let notes = bases.sorted().map { base -> BSONFields in
      [
        "_id": .string(ContentDigest.text(of: "\(source)\n\(base)")), "base": .string(base),
        "source": .string(source),
      ]
    }
    try insert(notes, connection)
  }

  private static func insert(_ notes: [BSONFields], _ connection: borrowing StoreConnection) throws {
    guard !notes.isEmpty else { return }
    // Of one that is there somebody changed what it says.
    let result = try connection.write(
      try notes.map { note in
        let said = BSONFields(note.fields.filter { $0.key != "_id" })
        return .update(
          filter: try BSONDocument(["_id": note["_id"] ?? .null]),
          try BSONDocument(["$set": .document(said)]), upsert: true, many: false)
      }, in: collection)
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
