import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// Texts that are `_id`s of documents and no ids of FHIR (`patient_001`, an e-mail address): an application's own documents. They
/// export under an id made of them (``DocumentID/fhirID(_:)``), by which an import finds them again.
///
/// Nothing is asked of the database before something comes with such an id.
final class UnfitIDs: Sendable, Equatable {
  /// More are not known again: each takes some 150 bytes.
  private static let most = 300_000
  private static let prefix = "x-"
  /// Digits of a digest.
  private static let digits = 32

  private let collections: [String]
  private let store: DocumentStore
  /// By the id made of it.
  private let known = Mutex<[String: String]?>(nil)

  init(_ collections: [String], _ store: DocumentStore) {
    self.collections = collections
    self.store = store
  }

  static func == (a: UnfitIDs, b: UnfitIDs) -> Bool { a === b }

  /// Whether an id may be one that was made.
  static func mayBeMade(_ id: String) -> Bool {
    id.utf8.count == prefix.utf8.count + digits && id.hasPrefix(prefix)
  }

  /// The `_id` of which an id was made.
  func original(of id: String) throws -> String? {
    guard UnfitIDs.mayBeMade(id) else { return nil }
    return try known.withLock { known in
      if let known { return known[id] }
      let found = try read()
      known = found
      return found[id]
    }
  }

  private func read() throws -> [String: String] {
    var found: [String: String] = [:]
    // The index on `_id` has them. A further page has a # in its own.
    let filter = try BSONDocument([
      "_id": ["$type": "string", "$not": ["$regex": "^[A-Za-z0-9.-]{1,64}$"]],
      "page": ["$exists": false],
    ])
    try store.persevering { connection in
      found = [:]
      let options = FindOptions(projection: ["_id": 1], limit: Int64(UnfitIDs.most))
      for collection in collections {
        try connection.find(filter, in: collection, options: options) { document in
          guard let id = try document.find("_id")?.text, !id.contains("#") else { return }
          found[DocumentID.fhirID(id)] = id
        }
      }
    }
    return found
  }
}
