import BSON
import DocumentStore
import FHIRMapping

/// A stored document with all its pages.
struct StoredPages {
  let pages: [BSONDocument]

  /// Tells `_id`s apart as MongoDB does: those of other types by their texts, which one of them alone may have, and texts.
  static func name(_ id: BSONValue) -> String { (id.text == nil ? "=" : "") + StoredID.text(of: id) }
}

extension StoreConnection {
  /// A document's pages, the first of them first.
  func storedPages(of id: String, count: Int, at place: DocumentPlace) throws -> StoredPages {
    var pages: [BSONDocument] = []
    try find(ids: [id], in: place.collection, projection: place.field.map { BSONFields([.init($0, 1)]) }) {
      stored in
      if let document = try place.document(in: stored) { pages.append(BSONDocument(copying: document)) }
    }
    guard count > 1, !pages.isEmpty else { return StoredPages(pages: pages) }
    try find(ids: (2...min(count, 100_000)).map { "\(id)#\($0)" }, in: place.pages) { page in
      pages.append(BSONDocument(copying: page))
    }
    return StoredPages(pages: pages)
  }

  /// Goes through a document's pages, the first of them first, one at a time.
  func forEachPage(
    of id: String, count: Int, at place: DocumentPlace, _ body: (BSONView) throws -> Void
  ) throws {
    var isThere = false
    try find(ids: [id], in: place.collection, projection: place.field.map { BSONFields([.init($0, 1)]) }) {
      stored in
      guard let document = try place.document(in: stored) else { return }
      isThere = true
      try body(document)
    }
    guard count > 1, isThere else { return }
    try find(ids: (2...min(count, 100_000)).lazy.map { "\(id)#\($0)" }, in: place.pages, body)
  }

  /// Hands the documents of these ids over: those of that `_id`, else those of a value that it is the text of, or was made of, or
  /// that name it as their owner, with the `_id` that they have.
  func find(
    _ ids: [String], at place: DocumentPlace, projection: BSONFields? = nil,
    _ body: (_ id: String, _ storedID: BSONValue?, BSONView) throws -> Void
  ) throws {
    var missing = Set(
      place.hasOtherIDs || place.hasOwners ? ids : place.unfitIDs == nil ? [] : ids.filter(UnfitIDs.mayBeOf))
    try find(ids: ids, in: place.collection, projection: projection) { document in
      guard let id = try document.find("_id")?.text else { return }
      missing.remove(id)
      try body(id, nil, document)
    }
    guard !missing.isEmpty else { return }
    if let unfitIDs = place.unfitIDs {
      // By the text that each of them stands for.
      var originals: [String: String] = [:]
      var values: [BSONValue] = []
      for id in missing {
        guard let original = try unfitIDs.original(of: DocumentID.fhirID(id)) else { continue }
        originals[StoredPages.name(original)] = id
        values.append(original)
      }
      try find(values: values, in: place.collection, projection: projection) { document in
        guard let own = try document.find("_id").map(BSONValue.init),
          let id = originals[StoredPages.name(own)],
          missing.remove(id) != nil
        else {
          return
        }
        try body(id, own, document)
      }
    }
    let twins = try Set(missing.filter { try place.unfitIDs?.isTwin($0) ?? false })
    if place.hasOtherIDs, missing.count > twins.count {
      try find(idVariants: missing.subtracting(twins).sorted(), in: place.collection, projection: projection)
      { document in
        guard let own = try document.find("_id").map(BSONValue.init), own.text == nil,
          case let id = StoredID.text(of: own), missing.remove(id) != nil
        else { return }
        try body(id, own, document)
      }
    }
    guard let owner = place.owner, !missing.isEmpty else { return }
    // By what each of them may be named as: the very `_id` of which its text was made counts before all that have the text.
    var owners: [String: String] = [:]
    var values: [BSONValue] = []
    for id in missing.sorted() {
      guard let original = try place.unfitIDs?.original(of: DocumentID.fhirID(id)) else { continue }
      owners[StoredPages.name(original)] = id
      values.append(original)
    }
    for id in missing.sorted() {
      for value in twins.contains(id) ? [.string(id)] : StoredID.values(of: id) {
        if owners[StoredPages.name(value)] == nil { owners[StoredPages.name(value)] = id }
        values.append(value)
      }
    }
    var named: BSONFields = [owner: ["$in": .array(values)]]
    // Where no index has owners, the one on `_id` has those documents that are not their owner's by it.
    if !place.hasOwners { named["_id"] = ["$type": UnfitIDs.otherTypes] }
    let filter = try BSONDocument(named)
    var fields = projection
    fields?[owner] = 1
    var options = FindOptions(projection: fields)
    options.isFromPrimary = true
    try find(filter, in: place.collection, options: options) { document in
      guard let own = try document.find("_id"),
        let value = try document.find(string: owner).flatMap(StoredID.value),
        let id = owners[StoredPages.name(value)], missing.remove(id) != nil
      else { return }
      try body(id, try BSONValue(own), document)
    }
  }

  /// Hands the documents over whose `_id` is one of these texts, or the number, ObjectId, … that it is the text of.
  func find(
    idVariants ids: [String], in collection: String, projection: BSONFields? = nil,
    _ body: (BSONView) throws -> Void
  ) throws {
    var start = 0
    while start < ids.count {
      let part = ids[start..<min(start + 5_000, ids.count)]
      start += part.count
      try find(values: part.flatMap(StoredID.values), in: collection, projection: projection, body)
    }
  }

  private func find(
    values: [BSONValue], in collection: String, projection: BSONFields?, _ body: (BSONView) throws -> Void
  ) throws {
    guard !values.isEmpty else { return }
    var options = FindOptions(projection: projection)
    options.isFromPrimary = true
    try find(try BSONDocument(["_id": ["$in": .array(values)]]), in: collection, options: options, body)
  }
}
