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
  private static let most: Int64 = 300_000
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

  /// Those that a kind of documents has.
  struct OfKind: Sendable, Equatable {
    fileprivate let ids: UnfitIDs
    fileprivate let kind: DocumentKind

    /// The `_id` of which an id was made.
    func original(of id: String) throws -> BSONValue? { try ids.known(id, kind)?.id }

    /// The text that the document of an `_id` goes by, or a chart whose patient has that.
    func text(of id: BSONValue) throws -> String {
      let text = StoredID.text(of: id)
      guard id.text == nil else { return text }
      let twins = try ids.names.twins()
      let isTwin = (kind == .chart ? [.patient, .chart] : [kind]).contains { twins[$0]?[text] != nil }
      return isTwin ? DocumentNames.text(of: id) : text
    }

    /// Whether a chart's id is that of a patient beside whom there is another that reads alike, and has a chart of its own.
    func isTwin(_ id: String) throws -> Bool {
      try kind == .chart && ids.names.twins()[.patient]?[id] != nil
    }
  }

  private let collections: [DocumentKind: String]
  private let store: DocumentStore
  let names: DocumentNames
  /// By kind, and by the id made of it.
  private let known = Mutex<[DocumentKind: [String: Known]]>([:])

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

  func of(_ kind: DocumentKind) -> OfKind { OfKind(ids: self, kind: kind) }

  /// The text that the document of a kind goes by of whose `_id` an id was made, or the id itself.
  func text(of id: String, _ kind: DocumentKind) throws -> String { try known(id, kind)?.text ?? id }

  private func known(_ id: String, _ kind: DocumentKind) throws -> Known? {
    // Those of `resource` all have a slash.
    guard UnfitIDs.mayBeMade(id), kind != .resource else { return nil }
    return try known.withLock { known in
      // A chart goes by its patient's, unless that is nowhere.
      for kind in kind == .chart ? [.patient, .chart] : [kind] {
        let ids = try known[kind] ?? read(kind)
        known[kind] = ids
        if let found = ids[id] { return found }
      }
      return nil
    }
  }

  private func read(_ kind: DocumentKind) throws -> [String: Known] {
    // The index on `_id` has them. Numbers, ObjectIds and truth have texts that FHIR allows.
    let filter = try BSONDocument([
      "$or": [
        ["_id": ["$type": "string", "$not": ["$regex": "^[A-Za-z0-9.-]{1,64}$"]]],
        ["_id": ["$type": ["object", "binData", "date", "timestamp", "javascript", "minKey", "maxKey"]]],
      ],
      "$nor": [.document(DocumentReader.furtherPages)],
    ])
    let twins = try names.twins()[kind] ?? [:]
    var known: [String: Known] = [:]
    for id in twins.values {
      let text = DocumentNames.text(of: id)
      known[DocumentID.fhirID(text)] = Known(id: id, text: text)
    }
    return try store.persevering { connection in
      var found = known
      let options = FindOptions(projection: ["_id": 1], limit: UnfitIDs.most)
      try connection.find(filter, in: collections[kind] ?? kind.rawValue, options: options) { document in
        guard let id = try document.find("_id").map(BSONValue.init) else { return }
        let text = StoredID.text(of: id)
        // Of two that read alike the text has the text.
        guard !DocumentID.isFHIRID(text), id.text != nil || twins[text] == nil else { return }
        found[DocumentID.fhirID(text)] = Known(id: id, text: text)
      }
      return found
    }
  }
}
