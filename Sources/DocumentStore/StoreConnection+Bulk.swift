package import BSON
import CMongoC

/// One write among many that go out together.
package enum WriteOperation: Sendable {
  case insert(BSONDocument)
  /// Replaces the first document that matches; with `upsert`, inserts the document where none does.
  case replace(filter: BSONDocument, with: BSONDocument, upsert: Bool)
  /// Changes the first document that matches, or all of them.
  case update(filter: BSONDocument, BSONDocument, upsert: Bool, many: Bool)
  case delete(filter: BSONDocument, many: Bool)
}

extension StoreConnection {
  /// Replaces documents by their own `_id`; those of which the collection has none are left out, or with `upsert`
  /// inserted. `matched` tells how many there were.
  package func replace(
    _ batch: BSONBatch, in name: String, upsert: Bool = false
  ) throws(StoreError) -> WriteResult {
    try batch.bytes.withUnsafeBufferPointer { (bytes) throws(StoreError) in
      try replace(contiguous: UnsafeRawBufferPointer(bytes), in: name, upsert: upsert)
    }
  }

  package func replace(
    _ documents: [BSONDocument], in name: String, upsert: Bool = false
  ) throws(StoreError) -> WriteResult {
    try replace(BSONBatch(documents), in: name, upsert: upsert)
  }

  /// Replaces the documents that lie one behind the other in these bytes.
  package func replace(
    contiguous bytes: UnsafeRawBufferPointer, in name: String, upsert: Bool = false
  ) throws(StoreError) -> WriteResult {
    var result = WriteResult()
    let documents = try OutgoingDocuments(bytes, limits: limits, refusals: &result.failures)
    let collection = try collection(name)
    var filter = BSONWriter(capacity: 256)
    for part in documents.messages {
      let bulk = try Bulk(collection, options: try self.options(["ordered": false]))
      var positions: [Int] = []
      for i in part {
        let document = UnsafeRawBufferPointer(start: documents.starts[i], count: documents.lengths[i])
        do throws(BSONError) {
          guard let id = try BSONView(document).find("_id") else { throw BSONError(.badValue) }
          filter.reset()
          filter.beginDocument()
          filter.append(element: id)
          filter.endDocument()
        } catch {
          result.failures.append(
            WriteFailure(
              index: documents.positions[i], reason: .badDocument,
              message: "the document has no _id, by which the one to replace is found"))
          continue
        }
        try bulk.replace(filter: filter, with: document, upsert: upsert)
        positions.append(documents.positions[i])
      }
      result.add(try execute(bulk, positions: positions))
    }
    result.failures.sort { $0.index < $1.index }
    return result
  }

  /// Does any mixture of writes, in any order that suits the server.
  package func write(_ operations: [WriteOperation], in name: String) throws(StoreError) -> WriteResult {
    let collection = try collection(name)
    var result = WriteResult()
    var start = 0
    while start < operations.count {
      var bytes = 0
      let bulk = try Bulk(collection, options: try options(["ordered": false]))
      var positions: [Int] = []
      while start < operations.count, positions.count < OutgoingDocuments.documentsPerMessage,
        bytes < OutgoingDocuments.bytesPerMessage
      {
        let size = operations[start].documentBytes
        if size > limits.documentBytes {
          result.failures.append(.tooLarge(index: start, bytes: size, limit: limits.documentBytes))
        } else {
          try bulk.add(operations[start])
          positions.append(start)
          bytes += size
        }
        start += 1
      }
      result.add(try execute(bulk, positions: positions))
    }
    result.failures.sort { $0.index < $1.index }
    return result
  }

  /// Deletes the documents of these `_id`s and says how many there were.
  package func delete(ids: some Sequence<String>, from name: String) throws(StoreError) -> Int {
    let collection = try collection(name)
    let options = try options([:])
    var deleted = 0
    for filter in IDFilters(ids) {
      let native = try NativeDocument(filter)
      let reply = NativeReply()
      var error = bson_error_t()
      let succeeded = mongoc_collection_delete_many(
        collection.pointer, native.pointer, options.pointer, reply.pointer, &error)
      deleted += try writeResult(succeeded: succeeded, reply: reply, error: error, positions: []).deleted
    }
    return deleted
  }

  private func execute(_ bulk: borrowing Bulk, positions: [Int]) throws(StoreError) -> WriteResult {
    // libmongoc takes a bulk operation without operations for an error.
    guard !positions.isEmpty else { return WriteResult() }
    let reply = NativeReply()
    var error = bson_error_t()
    let succeeded = mongoc_bulk_operation_execute(bulk.pointer, reply.pointer, &error) != 0
    return try writeResult(succeeded: succeeded, reply: reply, error: error, positions: positions[...])
  }
}

extension WriteOperation {
  fileprivate var documentBytes: Int {
    switch self {
    case .insert(let document), .replace(_, let document, _), .update(_, let document, _, _):
      document.count
    case .delete(let filter, _): filter.count
    }
  }
}

/// Writes gathered for one exchange with the server.
private struct Bulk: ~Copyable {
  let pointer: OpaquePointer
  /// Options of single writes. libmongoc's own check of every document is off: see `insert`.
  private let plain: NativeDocument
  private let upserting: NativeDocument

  init(
    _ collection: borrowing StoreConnection.Collection, options: consuming NativeDocument
  ) throws(StoreError) {
    let plain = try NativeDocument(["validate": false])
    let upserting = try NativeDocument(["validate": false, "upsert": true])
    let operation = mongoc_collection_create_bulk_operation_with_opts(collection.pointer, options.pointer)
    guard let operation else { throw StoreError(.commandFailed, "libmongoc cannot begin a bulk operation") }
    self.init(pointer: operation, plain: plain, upserting: upserting)
  }

  private init(pointer: OpaquePointer, plain: consuming NativeDocument, upserting: consuming NativeDocument) {
    self.pointer = pointer
    self.plain = plain
    self.upserting = upserting
  }

  deinit { mongoc_bulk_operation_destroy(pointer) }

  func replace(
    filter: borrowing BSONWriter, with document: UnsafeRawBufferPointer, upsert: Bool
  ) throws(StoreError) {
    var error = bson_error_t()
    let options = upsert ? upserting.pointer : plain.pointer
    let done = filter.withBytes { filter in
      cmongoc_bulk_replace(
        pointer, filter.baseAddress?.assumingMemoryBound(to: UInt8.self), filter.count,
        document.baseAddress?.assumingMemoryBound(to: UInt8.self), document.count, options, &error)
    }
    try check(done, error)
  }

  func add(_ operation: WriteOperation) throws(StoreError) {
    var error = bson_error_t()
    let done: Bool
    switch operation {
    case .insert(let document):
      done = document.withOctets {
        cmongoc_bulk_insert(pointer, $0.baseAddress, $0.count, plain.pointer, &error)
      }
    case .replace(let filter, let document, let upsert):
      let options = upsert ? upserting.pointer : plain.pointer
      done = filter.withOctets { filter in
        document.withOctets { document in
          cmongoc_bulk_replace(
            pointer, filter.baseAddress, filter.count, document.baseAddress, document.count, options,
            &error)
        }
      }
    case .update(let filter, let update, let upsert, let many):
      let options = upsert ? upserting.pointer : plain.pointer
      done = filter.withOctets { filter in
        update.withOctets { update in
          cmongoc_bulk_update(
            pointer, filter.baseAddress, filter.count, update.baseAddress, update.count, many,
            options, &error)
        }
      }
    case .delete(let filter, let many):
      done = filter.withOctets {
        cmongoc_bulk_remove(pointer, $0.baseAddress, $0.count, many, nil, &error)
      }
    }
    try check(done, error)
  }

  private func check(_ done: Bool, _ error: bson_error_t) throws(StoreError) {
    guard !done else { return }
    throw StoreError(error, in: .init(hosts: "the server", hasConnected: true))
  }
}
