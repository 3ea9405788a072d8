import BSON
import DocumentStore
import FHIRMapping

/// A stored document with all its pages.
struct StoredPages {
  let pages: [BSONDocument]
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

  /// Hands the documents of these ids over: those of that `_id`, else those of a number, an ObjectId or a UUID that it is the text
  /// of, of a text that it was made of, or that name it as their owner, with the `_id` that they have.
  func find(
    _ ids: [String], at place: DocumentPlace, projection: BSONFields? = nil,
    _ body: (_ id: String, _ storedID: BSONValue?, BSONView) throws -> Void
  ) throws {
    var missing = Set(place.hasOtherIDs ? ids : place.unfitIDs == nil ? [] : ids.filter(UnfitIDs.mayBeMade))
    try find(ids: ids, in: place.collection, projection: projection) { document in
      guard let id = try document.find("_id")?.text else { return }
      missing.remove(id)
      try body(id, nil, document)
    }
    guard !missing.isEmpty else { return }
    if let unfitIDs = place.unfitIDs {
      var originals: [String: String] = [:]
      for id in missing { if let original = try unfitIDs.original(of: id) { originals[original] = id } }
      if !originals.isEmpty {
        try find(ids: originals.keys, in: place.collection, projection: projection) { document in
          guard let own = try document.find("_id")?.text, let id = originals[own], missing.remove(id) != nil
          else {
            return
          }
          try body(id, .string(own), document)
        }
      }
    }
    guard place.hasOtherIDs, !missing.isEmpty else { return }
    try find(idVariants: missing.sorted(), in: place.collection, projection: projection) { document in
      guard let own = try document.find("_id"), own.type != .string, let id = StoredID.text(own),
        missing.remove(id) != nil
      else { return }
      try body(id, try BSONValue(own), document)
    }
    guard let owner = place.owner, !missing.isEmpty else { return }
    // No index has owners; the one on `_id` has those documents that are not their owner's by it.
    let values = missing.sorted().flatMap(StoreConnection.idValues)
    let filter = try BSONDocument([
      "_id": ["$type": ["number", "objectId", "binData"]], owner: ["$in": .array(values)],
    ])
    var fields = projection
    fields?[owner] = 1
    var options = FindOptions(projection: fields)
    options.isFromPrimary = true
    try find(filter, in: place.collection, options: options) { document in
      guard let own = try document.find("_id"),
        let id = try document.find(string: owner).flatMap(StoredID.text),
        missing.remove(id) != nil
      else { return }
      try body(id, try BSONValue(own), document)
    }
  }

  /// Hands the documents over whose `_id` is one of these texts, or the number, ObjectId or UUID that it is the text of.
  func find(
    idVariants ids: [String], in collection: String, projection: BSONFields? = nil,
    _ body: (BSONView) throws -> Void
  ) throws {
    var start = 0
    while start < ids.count {
      let part = ids[start..<min(start + 5_000, ids.count)]
      start += part.count
      let values = part.flatMap(StoreConnection.idValues)
      var options = FindOptions(projection: projection)
      options.isFromPrimary = true
      try find(try BSONDocument(["_id": ["$in": .array(values)]]), in: collection, options: options, body)
    }
  }

  /// What a text may stand for as an id: itself, and the number, ObjectId or UUID that it is the text of.
  private static func idValues(_ id: String) -> [BSONValue] {
    var values = [BSONValue.string(id)]
    if let number = Int64(id), String(number) == id { values.append(.int64(number)) }
    if let octets = octets(id, 24) { values.append(.objectID(octets)) }
    if let octets = octets(id.filter { $0 != "-" }, 32), id.utf8.count == 36 {
      values.append(.binary(subtype: 4, octets))
    }
    return values
  }

  /// The bytes of which these are the hexadecimal digits, if they are so many.
  private static func octets(_ text: String, _ count: Int) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count == count else { return nil }
    var octets: [UInt8] = []
    for place in stride(from: 0, to: count, by: 2) {
      guard let octet = UInt8(String(decoding: digits[place...place + 1], as: UTF8.self), radix: 16) else {
        return nil
      }
      octets.append(octet)
    }
    return octets
  }
}
