package import BSON
import CMongoC

extension StoreConnection {
  /// Inserts documents that are new. A document that is refused keeps no other from being written.
  ///
  /// The batch may have any size: it goes out in messages that the server takes. libmongoc's own check of every
  /// document is off, because it costs eight times what sending does and a `BSONWriter` writes nothing unsound.
  package func insert(_ batch: BSONBatch, into name: String) throws(StoreError) -> WriteResult {
    try batch.bytes.withUnsafeBufferPointer { (bytes) throws(StoreError) in
      try insert(contiguous: UnsafeRawBufferPointer(bytes), into: name)
    }
  }

  package func insert(_ documents: [BSONDocument], into name: String) throws(StoreError) -> WriteResult {
    try insert(BSONBatch(documents), into: name)
  }

  /// Inserts the documents that lie one behind the other in these bytes, as a `BSONWriter` leaves them.
  package func insert(contiguous bytes: UnsafeRawBufferPointer, into name: String) throws(StoreError)
    -> WriteResult
  {
    var result = WriteResult()
    let documents = try OutgoingDocuments(bytes, limits: limits, refusals: &result.failures)
    guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), !documents.isEmpty else {
      return result
    }
    let collection = try collection(name)
    let options = try options(["ordered": false, "validate": false])
    for part in documents.messages {
      let reply = NativeReply()
      var error = bson_error_t()
      let succeeded = documents.offsets.withUnsafeBufferPointer { offsets in
        documents.lengths.withUnsafeBufferPointer { lengths in
          cmongoc_insert_many(
            collection.pointer, base, offsets.baseAddress.unsafelyUnwrapped + part.lowerBound,
            lengths.baseAddress.unsafelyUnwrapped + part.lowerBound, part.count, options.pointer,
            reply.pointer,
            &error)
        }
      }
      result.add(
        try writeResult(
          succeeded: succeeded, reply: reply, error: error, positions: documents.positions[part]))
    }
    result.failures.sort { $0.index < $1.index }
    return result
  }
}

/// Documents found in a run of bytes, those too large left out, cut into messages that the server takes.
struct OutgoingDocuments {
  /// As many as share one message at most. More bring no speed (MongoDB writes 1 000 as fast as 20 000) and cost memory.
  static let documentsPerMessage = 5_000
  static let bytesPerMessage = 16_000_000

  private(set) var offsets: [Int] = []
  private(set) var lengths: [Int] = []
  /// The place of each among all that were given.
  private(set) var positions: [Int] = []
  private(set) var messages: [Range<Int>] = []

  var isEmpty: Bool { offsets.isEmpty }

  /// - Throws: `badDocument` where a length leads beyond the bytes, because then nothing behind it can be found.
  init(
    _ bytes: UnsafeRawBufferPointer, limits: ServerDescription.Limits, refusals: inout [WriteFailure]
  ) throws(StoreError) {
    let most = min(Self.documentsPerMessage, limits.operationsPerBatch)
    let room = min(Self.bytesPerMessage, limits.messageBytes - 1_000_000)
    var offset = 0
    var position = 0
    var start = 0
    var size = 0
    while offset < bytes.count {
      let view: BSONView
      do throws(BSONError) {
        view = try BSONView(prefixOf: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
      } catch {
        throw StoreError(.badDocument, "document \(position) of the batch is no BSON: \(error)")
      }
      let length = view.bytes.count
      if length > limits.documentBytes {
        refusals.append(.tooLarge(index: position, bytes: length, limit: limits.documentBytes))
      } else {
        let count = offsets.count - start
        if count > 0, count == most || size + length > room {
          messages.append(start..<offsets.count)
          start = offsets.count
          size = 0
        }
        offsets.append(offset)
        lengths.append(length)
        positions.append(position)
        size += length
      }
      offset += length
      position += 1
    }
    if start < offsets.count { messages.append(start..<offsets.count) }
  }
}

extension WriteFailure {
  static func tooLarge(index: Int, bytes: Int, limit: Int) -> WriteFailure {
    WriteFailure(
      index: index, reason: .tooLarge,
      message: "the document has \(bytes) bytes, and MongoDB stores no more than \(limit) in one")
  }
}
