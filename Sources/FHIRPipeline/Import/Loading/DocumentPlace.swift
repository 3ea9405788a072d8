import BSON
import DocumentStore
import FHIRMapping

/// Where the documents of a kind stand.
package struct DocumentPlace: Sendable, Equatable {
  package let collection: String
  /// The field of that collection's documents that holds them; nil where they are documents of their own.
  package var field: String?
  /// The collection of their further pages.
  package var pages: String
  /// The field in which these documents hold another kind's, which others may write meanwhile.
  package var guarded: String?
  /// Whether some documents of the collection have an `_id` that is no text, as an application may have given them.
  package var hasOtherIDs = false
  /// The field that says whose they are, in documents of another `_id`.
  var owner: String?
  /// Whether some documents have that field, and an index of it finds them.
  var hasOwners = false
  /// That field of a chart.
  static let chartOwner = "patient_id"
  /// Their `_id`s that FHIR does not allow.
  var unfitIDs: UnfitIDs.OfKind?

  package init(collection: String) {
    self.collection = collection
    pages = collection
  }

  /// The document in what the collection has; nil where there is none in it.
  func document(in view: BSONView) throws -> BSONView? {
    guard let field else { return view }
    return try view.find(string: field)?.document
  }

  /// What a document goes by, as it is looked for: the text of its `_id`, or of its owner's, which some have another `_id` than.
  func name(of document: BSONView) throws -> String? {
    guard let own = try document.find("_id") else { return nil }
    let text = own.text
    if let owner, text == nil || hasOwners,
      let value = try document.find(string: owner).flatMap(StoredID.value)
    {
      return try unfitIDs?.text(of: value) ?? StoredID.text(of: value)
    }
    if let text { return text }
    let value = try BSONValue(own)
    return try unfitIDs?.text(of: value) ?? StoredID.text(of: value)
  }

  /// What is read of a document's own word on its content.
  var stateProjection: BSONFields {
    let prefix = field.map { $0 + "." } ?? ""
    return [
      "\(prefix)_fhirline.hash": 1, "\(prefix)_fhirline.input": 1, "\(prefix)_fhirline.pages": 1,
    ]
  }

  /// Writes a document where there is none.
  func insertion(_ id: BSONValue, _ document: BSONDocument) throws -> WriteOperation {
    guard let field else { return .insert(document) }
    // null finds a document without the field as well.
    return .update(
      filter: try BSONDocument(["_id": id, field: .null]),
      try DocumentPlace.setting(field, document), upsert: true, many: false)
  }

  /// Replaces a document if it still has the hash with which it was read.
  func replacement(
    _ id: BSONValue, _ document: BSONDocument, hash: String?, guardedHash: String?
  ) throws -> WriteOperation {
    if let field {
      return .update(
        filter: try isStill(id, hash: hash), try DocumentPlace.setting(field, document), upsert: false,
        many: false)
    }
    // An `_id` never changes.
    var document = document
    if try document.withView({ try $0.find("_id").map(BSONValue.init) }) != id {
      var fields = try document.fields()
      fields["_id"] = id
      document = try BSONDocument(fields)
    }
    var conditions = [DocumentPlace.has(hash)]
    if let guarded { conditions.append(DocumentPlace.has(guardedHash, within: guarded)) }
    return .replace(
      filter: try DocumentPlace.filter(id, conditions), with: document, upsert: false)
  }

  /// Deletes a document of its own, which holds no other, if it still has the hash with which it was read.
  func deletion(_ id: BSONValue, hash: String?) throws -> WriteOperation {
    var conditions = [DocumentPlace.has(hash)]
    // What another import puts into it meanwhile does not go with it.
    if let guarded { conditions.append(BSONFields([.init("\(guarded)._fhirline", .null)])) }
    return .delete(filter: try DocumentPlace.filter(id, conditions), many: false)
  }

  /// Finds a document that still has the hash with which it was read, within the one that holds it.
  func isStill(_ id: BSONValue, hash: String?) throws -> BSONDocument {
    try DocumentPlace.filter(id, [DocumentPlace.has(hash, within: field)])
  }

  private static func filter(_ id: BSONValue, _ conditions: [BSONFields]) throws -> BSONDocument {
    try BSONDocument(["_id": id, "$and": .array(conditions.map { .document($0) })])
  }

  /// What a filter has for a hash. Where none was read, whatever stands there that is none was there then, or is as good.
  static func has(_ hash: String?, within field: String? = nil) -> BSONFields {
    let path = (field.map { $0 + "." } ?? "") + "_fhirline.hash"
    if let hash { return BSONFields([.init(path, .string(hash))]) }
    let isNoText = BSONFields([.init(path, ["$not": ["$type": "string"]])])
    // Of a list MongoDB looks at the elements.
    let isList = BSONFields([.init(path, ["$type": "array"])])
    return ["$or": [.document(isNoText), .document(isList)]]
  }

  /// What is wrong where the field of a document within another is no document.
  var holdsSomethingElse: String {
    "its field \(field ?? "") holds something else; remove that field from the document"
  }

  /// See ``DocumentReader/isNobody(_:)``.
  func isNobody(_ document: BSONView) throws -> Bool {
    try guarded != nil && DocumentReader.isNobody(document)
  }

  /// Deletes a patient of whom nothing but the chart was known, and who is nobody without it.
  static func deletionOfNobody(_ id: BSONValue) throws -> WriteOperation {
    .delete(
      filter: try BSONDocument(["_id": id, "$expr": ["$eq": [["$size": ["$objectToArray": "$$ROOT"]], 1]]]),
      many: false)
  }

  /// `{ $set: { field: document } }`
  static func setting(_ field: String, _ document: BSONDocument) throws -> BSONDocument {
    var writer = BSONWriter(capacity: document.count + 64)
    writer.beginDocument()
    writer.beginDocument("$set")
    try writer.key(string: field)
    writer.append(document: document)
    writer.endDocument()
    writer.endDocument()
    return try writer.finish()
  }
}
