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
  package var limit: Int64?
  package var skip: Int64?
  /// Whether only the server that takes writes may answer, whatever readPreference the connection string has.
  package var isFromPrimary = false

  package init(
    sort: BSONFields? = nil, projection: BSONFields? = nil, batchSize: Int32? = nil, limit: Int64? = nil,
    skip: Int64? = nil
  ) {
    self.sort = sort
    self.projection = projection
    self.batchSize = batchSize
    self.limit = limit
    self.skip = skip
  }

  var fields: BSONFields {
    var fields: BSONFields = [:]
    fields["sort"] = sort.map(BSONValue.document)
    fields["projection"] = projection.map(BSONValue.document)
    fields["batchSize"] = batchSize.map(BSONValue.int32)
    fields["limit"] = limit.map(BSONValue.int64)
    fields["skip"] = skip.map(BSONValue.int64)
    return fields
  }
}

/// The documents that a search finds, one by one as they arrive.
package struct StoreCursor: ~Copyable {
  private let cursor: OpaquePointer
  private let context: StoreError.Context

  init(_ cursor: OpaquePointer, context: StoreError.Context) {
    self.cursor = cursor
    self.context = context
  }

  deinit { mongoc_cursor_destroy(cursor) }

  /// The next document, where it lies in the message that brought it: valid until the next call.
  package mutating func next() throws(StoreError) -> BSONView? {
    var document: OpaquePointer?
    if mongoc_cursor_next(cursor, &document), let document {
      do throws(BSONError) { return try BSONView(native: document) } catch { throw StoreError(error) }
    }
    var error = bson_error_t()
    var detail: OpaquePointer?
    guard mongoc_cursor_error_document(cursor, &error, &detail) else { return nil }
    let reply = detail.flatMap { pointer in try? BSONFields(BSONView(native: pointer)) }
    throw StoreError(error, reply: reply ?? [:], in: context)
  }
}
