/// What a write did, document by document where something was refused.
package struct WriteResult: Sendable, Equatable {
  package var inserted = 0
  /// Documents that a replacement or update found, and of them those that it changed.
  package var matched = 0
  package var modified = 0
  package var upserted = 0
  package var deleted = 0
  /// What was refused, in the order of the documents given; all others were written.
  package var failures: [WriteFailure] = []

  package init() {}

  mutating func add(_ other: WriteResult) {
    inserted += other.inserted
    matched += other.matched
    modified += other.modified
    upserted += other.upserted
    deleted += other.deleted
    failures += other.failures
  }
}

/// One document that was not written, and why.
package struct WriteFailure: Sendable, Equatable {
  package enum Reason: String, Sendable {
    /// Another document has the same `_id`, or the same value in a unique index.
    case duplicateKey = "duplicate-key"
    case tooLarge = "too-large"
    /// The collection's own validation rules refuse it.
    case refusedByRules = "refused-by-collection-rules"
    /// The bytes are no BSON document, or `_id` is wanting where it is needed.
    case badDocument = "bad-document"
    case other = "refused"
  }

  /// The place of the document among those given, from 0.
  package var index: Int
  package var reason: Reason
  /// For people; names fields, never values.
  package var message: String
  /// MongoDB's number for the error, such as 11000; nil where the document was not sent.
  package var serverCode: Int32?
  /// MongoDB's own words; may hold values of the document.
  package var serverMessage: String?

  package init(
    index: Int, reason: Reason, message: String, serverCode: Int32? = nil, serverMessage: String? = nil
  ) {
    self.index = index
    self.reason = reason
    self.message = message
    self.serverCode = serverCode
    self.serverMessage = serverMessage
  }
}
