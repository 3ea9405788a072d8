package import BSON
import CMongoC

/// How a search orders, shapes and limits what it finds.
package struct FindOptions: Sendable {
  /// Fields and directions, such as `["_id": 1]`.
  package var sort: BSONFields?
  /// Fields to give or to leave out, such as `["meta.hash": 1]`.
  package var projection: BSONFields?
  /// How many documents the server sends at once; nil for as many as fit 16 MB.
  package var batchSize: Int32?
  /// About how many bytes the server sends at once; nil for as many as it likes. What fits into memory that is there already
  /// comes faster than 16 MB at once.
  package var replyBytes: Int?
  package var limit: Int64?
  package var skip: Int64?
  /// Whether only the server that takes writes may answer, whatever readPreference the connection string has.
  package var isFromPrimary = false
  /// The rules by which texts are compared, as an index has them.
  package var collation: BSONFields?

  package init(
    sort: BSONFields? = nil, projection: BSONFields? = nil, batchSize: Int32? = nil, limit: Int64? = nil,
    skip: Int64? = nil, replyBytes: Int? = nil
  ) {
    self.sort = sort
    self.projection = projection
    self.batchSize = batchSize
    self.limit = limit
    self.skip = skip
    self.replyBytes = replyBytes
  }

  var fields: BSONFields {
    var fields: BSONFields = [:]
    fields["sort"] = sort.map(BSONValue.document)
    fields["projection"] = projection.map(BSONValue.document)
    fields["batchSize"] = (batchSize ?? replyBytes.map { _ in 16 }).map(BSONValue.int32)
    fields["collation"] = collation.map(BSONValue.document)
    fields["limit"] = limit.map(BSONValue.int64)
    fields["skip"] = skip.map(BSONValue.int64)
    return fields
  }
}

/// The documents that a search finds, one by one as they arrive.
package struct StoreCursor: ~Copyable {
  private let cursor: OpaquePointer
  private let context: StoreError.Context
  private let replyBytes: Int?
  /// Of the documents so far.
  private var count = 0
  private var bytes = 0

  init(_ cursor: OpaquePointer, context: StoreError.Context, replyBytes: Int? = nil) {
    self.cursor = cursor
    self.context = context
    self.replyBytes = replyBytes
  }

  deinit { mongoc_cursor_destroy(cursor) }

  /// The next document, where it lies in the message that brought it: valid until the next call.
  package mutating func next() throws(StoreError) -> BSONView? {
    var document: OpaquePointer?
    if mongoc_cursor_next(cursor, &document), let document {
      do throws(BSONError) {
        let view = try BSONView(native: document)
        if let replyBytes { fit(view.bytes.count, replyBytes) }
        return view
      } catch { throw StoreError(error) }
    }
    var error = bson_error_t()
    var detail: OpaquePointer?
    guard mongoc_cursor_error_document(cursor, &error, &detail) else { return nil }
    let reply = detail.flatMap { pointer in try? BSONFields(BSONView(native: pointer)) }
    throw StoreError(error, reply: reply ?? [:], in: context)
  }

  /// Asks for as many documents at a time as make up so many bytes, by the size of those that came.
  private mutating func fit(_ size: Int, _ replyBytes: Int) {
    count += 1
    bytes += size
    mongoc_cursor_set_batch_size(cursor, UInt32(clamping: max(1, replyBytes * count / max(bytes, 1))))
  }
}
