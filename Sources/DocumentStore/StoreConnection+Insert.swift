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
    // The documents go out from where they lie.
    let bytes = documents.map(\.shared)
    return try withExtendedLifetime(bytes) { () throws(StoreError) in
      var result = WriteResult()
      var outgoing = OutgoingDocuments(limits: limits)
      for document in bytes { outgoing.add(document.pointer, refusals: &result.failures) }
      try insert(outgoing, into: name, &result)
      return result
    }
  }

  /// Inserts the documents that lie one behind the other in these bytes, as a `BSONWriter` leaves them.
  package func insert(contiguous bytes: UnsafeRawBufferPointer, into name: String) throws(StoreError)
    -> WriteResult
  {
    var result = WriteResult()
    try insert(
      try OutgoingDocuments(bytes, limits: limits, refusals: &result.failures), into: name, &result)
    return result
  }

  private func insert(
    _ documents: OutgoingDocuments, into name: String, _ result: inout WriteResult
  ) throws(StoreError) {
    guard !documents.isEmpty else { return }
    let collection = try collection(name)
    let options = try options(["ordered": false, "validate": false])
    for part in documents.messages {
      let reply = NativeReply()
      var error = bson_error_t()
      let succeeded = documents.starts.withUnsafeBufferPointer { starts in
        documents.lengths.withUnsafeBufferPointer { lengths in
          // A message has at least one document, so that both arrays have a base.
          cmongoc_insert_many(
            collection.pointer, starts.baseAddress.unsafelyUnwrapped + part.lowerBound,
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
  }
}

/// Documents on their way out, those too large left out, cut into messages that the server takes.
struct OutgoingDocuments {
  /// As many as share one message at most. More bring no speed (MongoDB writes 1 000 as fast as 20 000) and cost memory.
  static let documentsPerMessage = 5_000
  static let bytesPerMessage = 16_000_000

  /// Where each begins. Whoever adds them keeps them alive.
  private(set) var starts: [UnsafePointer<UInt8>?] = []
  private(set) var lengths: [Int] = []
  /// The place of each among all that were given.
  private(set) var positions: [Int] = []
  /// Messages that are full, and behind them the one that is not.
  var messages: [Range<Int>] { isEmpty ? [] : full + [start..<starts.count] }

  private var full: [Range<Int>] = []
  private var start = 0
  private var size = 0
  private var given = 0
  private let most: Int
  private let room: Int
  private let documentBytes: Int

  var isEmpty: Bool { starts.isEmpty }

  init(limits: ServerDescription.Limits) {
    most = min(Self.documentsPerMessage, limits.operationsPerBatch)
    room = min(Self.bytesPerMessage, limits.messageBytes - 1_000_000)
    documentBytes = limits.documentBytes
  }

  /// Documents that lie one behind the other.
  ///
  /// - Throws: `badDocument` where a length leads beyond the bytes, because then nothing behind it can be found.
  init(
    _ bytes: UnsafeRawBufferPointer, limits: ServerDescription.Limits, refusals: inout [WriteFailure]
  ) throws(StoreError) {
    self.init(limits: limits)
    var offset = 0
    while offset < bytes.count {
      let view: BSONView
      do throws(BSONError) {
        view = try BSONView(prefixOf: UnsafeRawBufferPointer(rebasing: bytes[offset...]))
      } catch {
        throw StoreError(.badDocument, "document \(given) of the batch is no BSON: \(error)")
      }
      add(view.bytes, refusals: &refusals)
      offset += view.bytes.count
    }
  }

  mutating func add(_ document: UnsafeRawBufferPointer, refusals: inout [WriteFailure]) {
    defer { given += 1 }
    guard document.count <= documentBytes else {
      refusals.append(.tooLarge(index: given, bytes: document.count, limit: documentBytes))
      return
    }
    let count = starts.count - start
    if count > 0, count == most || size + document.count > room {
      full.append(start..<starts.count)
      start = starts.count
      size = 0
    }
    starts.append(document.baseAddress?.assumingMemoryBound(to: UInt8.self))
    lengths.append(document.count)
    positions.append(given)
    size += document.count
  }
}

extension WriteFailure {
  static func tooLarge(index: Int, bytes: Int, limit: Int) -> WriteFailure {
    WriteFailure(
      index: index, reason: .tooLarge,
      message: "the document has \(bytes) bytes, and MongoDB stores no more than \(limit) in one")
  }
}
