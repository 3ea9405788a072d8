import BSON
import DocumentStore
import FHIRMapping

/// A stored document with all its pages.
struct StoredPages {
  let pages: [BSONDocument]

  /// Lends the content of all pages.
  func withContent<R>(_ body: (StoredContent) throws -> R) throws -> R {
    try withExtendedLifetime(pages) {
      let views = pages.map { page in page.withView { $0 } }
      guard let first = views.first else {
        throw StoreError(.badDocument, "a document went while it was read")
      }
      var content = try StoredContent(first)
      for page in views.dropFirst() { try content.add(page: page) }
      return try body(content)
    }
  }
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

  /// Hands the documents over whose `_id` is one of these texts, or the number or ObjectId that it is the text of.
  func find(
    idVariants ids: [String], in collection: String, projection: BSONFields? = nil,
    _ body: (BSONView) throws -> Void
  ) throws {
    var start = 0
    while start < ids.count {
      let part = ids[start..<min(start + 5_000, ids.count)]
      start += part.count
      let values = part.flatMap { id -> [BSONValue] in
        var values = [BSONValue.string(id)]
        if let number = Int64(id), String(number) == id { values.append(.int64(number)) }
        if let octets = StoreConnection.objectID(id) { values.append(.objectID(octets)) }
        return values
      }
      var options = FindOptions(projection: projection)
      options.isFromPrimary = true
      try find(try BSONDocument(["_id": ["$in": .array(values)]]), in: collection, options: options, body)
    }
  }

  /// The twelve bytes of which these are the hexadecimal digits.
  private static func objectID(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count == 24 else { return nil }
    var octets: [UInt8] = []
    for place in stride(from: 0, to: 24, by: 2) {
      guard let octet = UInt8(String(decoding: digits[place...place + 1], as: UTF8.self), radix: 16) else {
        return nil
      }
      octets.append(octet)
    }
    return octets
  }
}
