import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// `_id`s of documents that are no ids of FHIR (`patient_001`, an e-mail address, a date): an application's own documents. They
/// export under an id made of them (``DocumentID/fhirID(_:)``), by which an import finds them again.
///
/// Nothing is asked of the database before something comes with such an id.
final class UnfitIDs: Sendable, Equatable {
  /// More are not known again: each takes some 150 bytes.
  private static let most = 300_000
  private static let prefix = "x-"
  /// Digits of a digest.
  private static let digits = 32
  /// The types of `_id`s other than texts. (A list, a pattern and an undefined value are none.)
  static let otherTypes: BSONValue = [
    "number", "object", "binData", "objectId", "bool", "date", "null", "timestamp", "javascript", "minKey",
    "maxKey",
  ]

  /// An `_id`, and the text that its document goes by.
  private struct Known {
    let id: BSONValue
    let text: String
  }

  private let collections: [DocumentKind: String]
  private let store: DocumentStore
  let names: DocumentNames
  /// By the id made of it.
  private let known = Mutex<[String: Known]?>(nil)

  init(_ collections: [DocumentKind: String], _ store: DocumentStore) {
    self.collections = collections
    self.store = store
    names = DocumentNames(collections, store)
  }

  static func == (a: UnfitIDs, b: UnfitIDs) -> Bool { a === b }

  /// Whether an id may be one that was made.
  private static func mayBeMade(_ id: String) -> Bool {
    id.utf8.count == prefix.utf8.count + digits && id.hasPrefix(prefix)
  }

  /// Whether a document that goes by this id may have an `_id` of another type, of which an id was made: no further page has.
  static func mayBeOf(_ id: String) -> Bool {
    if DocumentID.isFHIRID(id) { return mayBeMade(id) }
    let isPage = id.utf8.contains(UInt8(ascii: "#")) && id.utf8.last.map { $0 &- 0x30 <= 9 } ?? false
    return !isPage
  }

  /// The `_id` of which an id was made.
  func original(of id: String) throws -> BSONValue? { try known(id)?.id }

  /// The text that the document goes by of whose `_id` an id was made, or the id itself.
  func text(of id: String) throws -> String { try known(id)?.text ?? id }

  private func known(_ id: String) throws -> Known? {
    guard UnfitIDs.mayBeMade(id) else { return nil }
    return try known.withLock { known in
      if let known { return known[id] }
      let found = try read()
      known = found
      return found[id]
    }
  }

  private func read() throws -> [String: Known] {
    // The index on `_id` has them. Numbers, ObjectIds and truth have texts that FHIR allows.
    let filter = try BSONDocument([
      "$or": [
        ["_id": ["$type": "string", "$not": ["$regex": "^[A-Za-z0-9.-]{1,64}$"]]],
        ["_id": ["$type": ["object", "binData", "date", "timestamp", "javascript", "minKey", "maxKey"]]],
      ],
      "$nor": [.document(DocumentReader.furtherPages)],
    ])
    var known: [String: Known] = [:]
    for twins in try names.twins().values {
      for id in twins.values {
        let text = DocumentNames.text(of: id)
        known[DocumentID.fhirID(text)] = Known(id: id, text: text)
      }
    }
    return try store.persevering { connection in
      var found = known
      // Of `resource` all have a slash.
      for kind in [DocumentKind.patient, .chart, .provider, .appointment] {
        var count = 0
        try connection.find(
          filter, in: collections[kind] ?? kind.rawValue, options: FindOptions(projection: ["_id": 1])
        ) {
          document in
          guard count < UnfitIDs.most, let id = try document.find("_id").map(BSONValue.init) else { return }
          let text = StoredID.text(of: id)
          guard !DocumentID.isFHIRID(text) else { return }
          count += 1
          found[DocumentID.fhirID(text)] = Known(id: id, text: text)
        }
      }
      return found
    }
  }
}
