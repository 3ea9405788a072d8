package import BSON
import CMongoC

extension StoreConnection {
  /// Begins a search; an empty filter finds everything. The cursor must not outlive the connection.
  package func find(
    _ filter: BSONDocument = [:], in name: String, options: FindOptions = FindOptions()
  ) throws(StoreError) -> StoreCursor {
    let collection = try collection(name)
    let filter = try NativeDocument(filter)
    let preference = options.isFromPrimary ? mongoc_read_prefs_new(MONGOC_READ_PRIMARY) : nil
    defer { mongoc_read_prefs_destroy(preference) }
    let native = try self.options(options.fields)
    guard
      let cursor = mongoc_collection_find_with_opts(
        collection.pointer, filter.pointer, native.pointer, preference)
    else { throw StoreError(.commandFailed, "libmongoc cannot begin a search") }
    return StoreCursor(cursor, context: context, replyBytes: options.replyBytes)
  }

  /// Hands every document found to the closure, which must not keep it.
  package func find(
    _ filter: BSONDocument = [:], in name: String, options: FindOptions = FindOptions(),
    _ body: (BSONView) throws -> Void
  ) throws {
    var cursor = try find(filter, in: name, options: options)
    while let document = try cursor.next() { try body(document) }
  }

  /// Hands the documents of these `_id`s to the closure, in no order; those that do not exist are left out.
  ///
  /// The primary answers, because who asks so is about to write: a secondary may not know yet what was written before.
  /// With a projection of `_id` alone the server answers from its index, twice as fast as it reads documents.
  package func find(
    ids: some Sequence<String>, in name: String, projection: BSONFields? = nil,
    _ body: (BSONView) throws -> Void
  ) throws {
    var options = FindOptions(projection: projection)
    options.isFromPrimary = true
    for filter in IDFilters(ids) { try find(filter, in: name, options: options, body) }
  }

  /// Which of these `_id`s exist.
  package func existing(ids: some Sequence<String>, in name: String) throws -> Set<String> {
    var found: Set<String> = []
    try find(ids: ids, in: name, projection: ["_id": 1]) { document in
      if let id = try document.find("_id")?.text { found.insert(id) }
    }
    return found
  }

  /// Runs an aggregation pipeline.
  package func aggregate(_ stages: [BSONFields], in name: String) throws(StoreError) -> StoreCursor {
    let collection = try collection(name)
    let pipeline = try NativeDocument(
      try document(["pipeline": .array(stages.map(BSONValue.document))]))
    let options = try options([:])
    guard
      let cursor = mongoc_collection_aggregate(
        collection.pointer, MONGOC_QUERY_NONE, pipeline.pointer, options.pointer, nil)
    else { throw StoreError(.commandFailed, "libmongoc cannot begin an aggregation") }
    return StoreCursor(cursor, context: context)
  }

  /// How many documents match; 0 where the collection does not exist.
  package func count(_ filter: BSONDocument = [:], in name: String) throws(StoreError) -> Int {
    let collection = try collection(name)
    let filter = try NativeDocument(filter)
    let options = try options([:])
    let reply = NativeReply()
    var error = bson_error_t()
    let count = mongoc_collection_count_documents(
      collection.pointer, filter.pointer, options.pointer, nil, reply.pointer, &error)
    guard count >= 0 else { throw StoreError(error, reply: reply.fields, in: context) }
    return Int(count)
  }
}

/// Cuts `_id`s into filters `{_id: {$in: […]}}` that are worth one exchange each.
struct IDFilters<IDs: Sequence>: Sequence, IteratorProtocol where IDs.Element == String {
  static var idsPerFilter: Int { 5_000 }
  static var bytesPerFilter: Int { 4_000_000 }

  private var ids: IDs.Iterator
  private var pending: String?

  init(_ ids: IDs) {
    self.ids = ids.makeIterator()
    pending = self.ids.next()
  }

  mutating func next() -> BSONDocument? {
    guard pending != nil else { return nil }
    var writer = BSONWriter(capacity: 64 * 1024)
    writer.beginDocument()
    writer.beginDocument("_id")
    writer.beginArray("$in")
    var count = 0
    while let id = pending, count < Self.idsPerFilter,
      count == 0 || writer.count + id.utf8.count < Self.bytesPerFilter
    {
      writer.append(string: id)
      count += 1
      pending = ids.next()
    }
    writer.endArray()
    writer.endDocument()
    writer.endDocument()
    // A filter that cannot be built has more than 2 GB, and would be one id of that size: no document has it.
    return try? writer.finish()
  }
}
