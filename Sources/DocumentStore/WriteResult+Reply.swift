import BSON
import CMongoC

extension StoreConnection {
  /// Reads what the server answered to a batch of writes.
  ///
  /// - Parameters:
  ///   - succeeded: what libmongoc returned.
  ///   - positions: for every document sent, its place among those that the caller gave.
  /// - Throws: what concerns the whole batch (the connection, the user's rights, the write concern, a transaction
  ///   that has come to nothing).
  func writeResult(
    succeeded: Bool, reply: borrowing NativeReply, error: bson_error_t, positions: ArraySlice<Int>
  ) throws(StoreError) -> WriteResult {
    let fields = reply.fields
    let writeErrors = fields["writeErrors"]?.elements ?? []
    var result = WriteResult()
    result.inserted = count(fields, "nInserted", "insertedCount")
    result.matched = count(fields, "nMatched", "matchedCount")
    result.modified = count(fields, "nModified", "modifiedCount")
    result.upserted = count(fields, "nUpserted", "upsertedCount")
    result.deleted = count(fields, "nRemoved", "deletedCount")
    if succeeded { return result }

    let domain = mongoc_error_domain_t(error.domain)
    let isAboutDocuments =
      domain == MONGOC_ERROR_SERVER || domain == MONGOC_ERROR_COMMAND || domain == MONGOC_ERROR_WRITE_CONCERN
    guard isAboutDocuments, !writeErrors.isEmpty else {
      throw StoreError(error, reply: fields, in: context)
    }
    for entry in writeErrors {
      guard let entry = entry.fields, let code = entry["code"]?.integer else { continue }
      let index = Int(entry["index"]?.integer ?? 0)
      let failure = WriteFailure(
        serverError: entry, code: Int32(truncatingIfNeeded: code),
        index: index < positions.count ? positions[positions.startIndex + index] : index)
      // A transaction is over at its first error, and a server that shuts down says so for each document.
      if session != nil || StoreError.concernsServer(failure.serverCode) {
        throw StoreError(failure, labels: fields, in: context)
      }
      result.failures.append(failure)
    }
    if let concern = fields["writeConcernErrors"]?.elements?.first?.fields {
      let code = concern["code"]?.integer.map(Int32.init(truncatingIfNeeded:))
      // A primary that steps down before others have the write says so here.
      if StoreError.concernsServer(code) {
        let failure = WriteFailure(
          index: 0, reason: .other, message: "", serverCode: code, serverMessage: concern["errmsg"]?.text)
        throw StoreError(failure, labels: fields, in: context)
      }
      throw StoreError(
        .writeFailed, "the write was not confirmed by as many servers as the write concern asks",
        serverCode: code,
        serverMessage: concern["errmsg"]?.text, isRetryable: true)
    }
    return result
  }

  /// Bulk operations and single ones name their counts differently.
  private func count(_ fields: BSONFields, _ name: String, _ alternative: String) -> Int {
    Int((fields[name] ?? fields[alternative])?.integer ?? 0)
  }
}

extension WriteFailure {
  fileprivate init(serverError entry: BSONFields, code: Int32, index: Int) {
    self.init(
      index: index, reason: .other, message: "", serverCode: code, serverMessage: entry["errmsg"]?.text)
    switch code {
    case 11000, 11001, 12582:
      reason = .duplicateKey
      let names = entry["keyPattern"]?.fields?.keys.joined(separator: ", ") ?? "key"
      message = "another document has the same \(names)"
    case 121:
      reason = .refusedByRules
      message =
        "the collection's own validation rules refuse the document"
        + (ValidationFaults(entry["errInfo"]?.fields).text.map { ": \($0)" } ?? "")
    case 10334, 17280, 17419, 17420:
      reason = .tooLarge
      message = "the document is larger than MongoDB stores (16 MB)"
    case 52:
      message =
        "a field of the document has a name that begins with $, which MongoDB takes in no document that replaces another"
    case 171:
      // The server names the fields, and no values.
      let parts = serverMessage?.split(separator: "[").dropFirst() ?? []
      let names = parts.compactMap { $0.split(separator: "]").first }.sorted()
      let fields = names.isEmpty ? "two fields" : names.joined(separator: " and ")
      message =
        "an index spans \(fields), which are lists, and MongoDB puts one list of a document into an index"
    case 13026, 13027, 13654, 16755, 16804:
      message = "an index of places (2d, 2dsphere) spans a field that holds no place"
    case 16766:
      message = "a hashed index spans a field that is a list"
    case 17261, 17262:
      message =
        "a text index takes a field of the document for the language of its texts (language_override), and does not know what it says"
    default:
      message = "the document cannot be stored (the server's error \(code))"
    }
  }
}

extension WriteFailure {
  /// Whether there is a document of the same `_id`.
  package var tellsOfSameID: Bool { reason == .duplicateKey && message.hasSuffix(" same _id") }
}

extension StoreError {
  /// Whether a write failed for there is a document of the same `_id`.
  package var tellsOfSameID: Bool { serverCode == 11000 && message.hasSuffix(" same _id") }

  /// Errors that a document's write meets, but that say nothing about the document.
  fileprivate static func concernsServer(_ code: Int32?) -> Bool {
    guard let code else { return false }
    return [13, 50, 91, 112, 189, 202, 251, 10107, 11600, 11602, 13435, 13436, 14031].contains(code)
  }

  fileprivate init(_ failure: WriteFailure, labels reply: BSONFields, in context: Context) {
    var error = bson_error_t()
    error.domain = MONGOC_ERROR_SERVER.rawValue
    error.code = UInt32(bitPattern: failure.serverCode ?? 0)
    let known = StoreError(error, reply: reply, in: context)
    self.init(
      known.code == .commandFailed ? .writeFailed : known.code,
      known.code == .commandFailed ? failure.message : known.message, serverCode: failure.serverCode,
      serverMessage: failure.serverMessage, isRetryable: known.isRetryable, labels: known.labels)
  }
}
