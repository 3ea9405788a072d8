import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// What documents of an application's own go by, where that takes a look at others.
///
/// Of two `_id`s of one text (`2` beside `"2"`: two documents that would be one resource) the text keeps its id, and the other goes by
/// what it is as Extended JSON; links to it of its own type follow. A link of a type that hardly any `_id` has (`true`, a date) is one if
/// there is such a document.
final class DocumentNames: Sendable {
  private static let perQuestion = 5_000

  private let collections: [DocumentKind: String]
  private let store: DocumentStore
  private let known = Mutex<[DocumentKind: [String: BSONValue]]?>(nil)

  init(_ collections: [DocumentKind: String], _ store: DocumentStore) {
    self.collections = collections
    self.store = store
  }

  /// The text that one of two goes by.
  static func text(of id: BSONValue) -> String {
    let text = StoredID.text(of: id)
    switch id {
    case .document, .array: return "_id: " + text
    default:
      // One that has no other text reads as such, whoever has that as a text.
      return text == id.extendedJSON ? "_id: " + text : id.extendedJSON
    }
  }

  /// Of each kind, by the text that they have in common: the `_id`s that are no texts.
  func twins() throws -> [DocumentKind: [String: BSONValue]] {
    try known.withLock { known in
      if let known { return known }
      var found: [DocumentKind: [String: BSONValue]] = [:]
      for kind in [DocumentKind.patient, .chart, .provider, .appointment] {
        let twins = try twins(in: collections[kind] ?? kind.rawValue)
        if !twins.isEmpty { found[kind] = twins }
      }
      known = found
      return found
    }
  }

  private func twins(in collection: String) throws -> [String: BSONValue] {
    let others = try BSONDocument(["_id": ["$type": UnfitIDs.otherTypes]])
    let texts = try BSONDocument(["_id": ["$type": "string"]])
    let projection: BSONFields = ["_id": 1]
    return try store.persevering { connection in
      var found: [String: BSONValue] = [:]
      for filter in [others, texts] {
        // Nearly everywhere all are of one type, as the index tells.
        var isThere = false
        try connection.find(filter, in: collection, options: FindOptions(projection: projection, limit: 1)) {
          _ in
          isThere = true
        }
        guard isThere else { return found }
      }
      var waiting: [String: BSONValue] = [:]
      try connection.find(others, in: collection, options: FindOptions(projection: projection)) { document in
        guard let id = try document.find("_id").map(BSONValue.init) else { return }
        waiting[StoredID.text(of: id)] = id
        if waiting.count == DocumentNames.perQuestion {
          found.merge(try twins(of: waiting, in: collection)) { $1 }
          waiting = [:]
        }
      }
      return found.merging(try twins(of: waiting, in: collection)) { $1 }
    }
  }

  /// Those of which there is the text as well.
  private func twins(of ids: [String: BSONValue], in collection: String) throws -> [String: BSONValue] {
    var found: [String: BSONValue] = [:]
    try store.withConnection { connection in
      try connection.find(ids: ids.keys, in: collection, projection: ["_id": 1]) { document in
        guard let text = try document.find("_id")?.text else { return }
        found[text] = ids[text]
      }
    }
    return found
  }

  // MARK: Links

  /// Whether a value is an `_id` that hardly any link is: what a mapping takes for none unless there is such a document.
  private static func isRare(_ value: BSONValue) -> Bool {
    switch value {
    case .string, .objectID, .array, .null: false
    case .binary(subtype: 4, let bytes): bytes.count != 16
    default: value.integer == nil && !hasEmptyKey(value)
    }
  }

  /// Whether a key somewhere in a value is empty: libmongoc asks for none such.
  private static func hasEmptyKey(_ value: BSONValue) -> Bool {
    switch value {
    case .document(let fields): fields.fields.contains { $0.key.isEmpty || hasEmptyKey($0.value) }
    case .array(let items): items.contains(where: hasEmptyKey)
    default: false
    }
  }

  /// Whether there is a document of such an `_id`.
  private func isThere(_ id: BSONValue, _ kind: DocumentKind) throws -> Bool {
    try store.persevering { connection in
      var isThere = false
      let filter = try BSONDocument(["_id": ["$eq": id]])
      try connection.find(
        filter, in: collections[kind] ?? kind.rawValue, options: FindOptions(projection: ["_id": 1])
      ) { _ in
        isThere = true
      }
      return isThere
    }
  }

  /// Gives a document by the texts that it and whom it names go by; nil where it goes by its own.
  func renaming(_ mappings: MappingSet) -> DocumentAssembler.Renamed {
    let roles = mappings.plans.mapValues { DocumentRoles($0) }
    return { document, kind in
      var links: [(field: String, kind: DocumentKind)] = []
      if kind == .chart { links = [("patient_id", .patient), ("chart_id", .chart)] }
      if let field = roles[kind]?.patient { links.append((field, .patient)) }
      if let field = roles[kind]?.provider { links.append((field, .provider)) }
      return try self.renamed(document, kind, links, roles[kind])
    }
  }

  private func renamed(
    _ document: BSONView, _ kind: DocumentKind, _ links: [(field: String, kind: DocumentKind)],
    _ roles: DocumentRoles?
  ) throws -> BSONDocument? {
    let twins = try twins()
    var rare: [String: BSONValue] = [:]
    for (field, kind) in links {
      guard let value = try document.find(string: field).flatMap(StoredID.value),
        DocumentNames.isRare(value), try isThere(value, kind)
      else { continue }
      rare[field] = .string(StoredID.text(of: value))
    }
    guard !twins.isEmpty || !rare.isEmpty else { return nil }
    func name(_ value: BSONValue?, _ kind: DocumentKind) -> BSONValue? {
      guard let value, value.text == nil, twins[kind]?[StoredID.text(of: value)] != nil else { return nil }
      return .string(DocumentNames.text(of: value))
    }
    func name(ofLink value: BSONValue?, _ kind: DocumentKind) -> BSONValue? {
      name(value.flatMap(StoredID.named), kind)
    }
    var fields = try BSONFields(document)
    let before = fields
    if let id = fields["_id"] {
      let patient = kind == .chart ? name(id, .patient) : nil
      let own = name(id, kind)
      // A chart that is renamed alone stays its patient's.
      if kind == .chart, own != nil, patient == nil, fields["patient_id"] == nil {
        fields["patient_id"] = .string(StoredID.text(of: id))
      }
      // It goes by its patient's name, whether or not there is a chart of the other yet.
      if let name = patient ?? own { fields["_id"] = name }
    }
    for (field, kind) in links {
      if let name = name(ofLink: fields[field], kind) ?? rare[field] { fields[field] = name }
    }
    if let last = roles?.last, let name = name(ofLink: fields[last], .appointment) { fields[last] = name }
    if let list = roles?.appointments {
      if case .array(let items) = fields[list] {
        fields[list] = .array(items.map { name(ofLink: $0, .appointment) ?? $0 })
      } else if let name = name(ofLink: fields[list], .appointment) {
        fields[list] = name
      }
    }
    return fields == before ? nil : try BSONDocument(fields)
  }
}
