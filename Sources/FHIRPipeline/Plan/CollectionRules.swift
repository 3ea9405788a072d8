import BSON
import DocumentStore
import FHIRMapping

/// What a collection asks of its documents: an application's validator, and unique indexes.
struct CollectionRules: Sendable {
  /// An index in which no two documents may stand at one place.
  struct UniqueIndex: Sendable {
    let name: String
    let fields: [String]
    let isSparse: Bool
    /// Only documents that match it have a place.
    let filter: BSONFields?
    let collation: BSONFields?

    init?(_ description: BSONFields) {
      guard description["unique"]?.bool == true, let name = description["name"]?.text,
        let key = description["key"]?.fields
      else { return nil }
      self.name = name
      fields = key.keys
      isSparse = description["sparse"]?.bool ?? false
      filter = description["partialFilterExpression"]?.fields
      collation = description["collation"]?.fields
    }

    /// The places that a document has in it: several where a field is a list. nil stands for a field that is not there.
    func places(of document: BSONFields) -> [[BSONValue?]] {
      let values = fields.map { UniqueIndex.values(at: $0[...], in: .document(document)) }
      if isSparse, values.allSatisfy({ $0 == [nil] }) { return [] }
      return values.reduce([[]]) { places, values in
        places.flatMap { place in values.map { place + [$0] } }
      }
    }

    private static func values(at path: Substring, in value: BSONValue) -> [BSONValue?] {
      if case .array(let items) = value {
        let found = items.flatMap { values(at: path, in: $0) }
        return found.isEmpty ? [nil] : found
      }
      guard !path.isEmpty else { return [value] }
      let name = path.prefix { $0 != "." }
      guard let inner = value.fields?[String(name)] else { return [nil] }
      return values(at: path.dropFirst(name.count + 1), in: inner)
    }

    /// Finds the documents that have a place.
    func finding(_ place: [BSONValue?]) -> BSONFields {
      var conditions = zip(fields, place).map { field, value -> BSONValue in
        let isThere: BSONValue? = isSparse && value == .null ? true : nil
        var condition: BSONFields = ["$eq": value ?? .null]
        condition["$exists"] = isThere
        return .document(BSONFields([.init(field, .document(condition))]))
      }
      if let filter { conditions.append(.document(filter)) }
      return ["$and": .array(conditions)]
    }

    /// What stands for a place: the same for values that MongoDB takes for one.
    func mark(of place: [BSONValue?]) -> UInt64 {
      let isFolded = (collation?["strength"]?.integer).map { $0 < 3 } ?? false
      let texts = place.map { value -> String in
        guard let value, value != .null else { return "null" }
        if let integer = value.integer { return String(integer) }
        let text = value.extendedJSON
        return isFolded ? text.lowercased() : text
      }
      return ContentHash.of(([name] + texts).joined(separator: "\u{0}"))
    }
  }

  /// nil where it refuses nothing, or nothing that an import writes.
  var validator: BSONFields?
  /// Whether a stored document that does not fit may be written over by another that does not.
  let isModerate: Bool
  let unique: [UniqueIndex]

  var isEmpty: Bool { validator == nil && unique.isEmpty }

  /// Those of a collection that refuses nothing.
  init() {
    validator = nil
    isModerate = false
    unique = []
  }

  init(of collection: String, _ connection: borrowing StoreConnection) throws {
    let options = try connection.collectionOptions(collection) ?? [:]
    let action = options["validationAction"]?.text ?? "error"
    let level = options["validationLevel"]?.text ?? "strict"
    let present = options["validator"]?.fields ?? [:]
    validator = action == "warn" || level == "off" || present.fields.isEmpty ? nil : present
    isModerate = level == "moderate"
    unique = try connection.indexDescriptions(of: collection).compactMap { UniqueIndex($0) }
  }
}
