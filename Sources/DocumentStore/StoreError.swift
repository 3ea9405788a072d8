/// Why the database could not be reached, or would not do what it was asked.
///
/// `message` is for people and holds no credentials and no values of documents. `serverMessage` is MongoDB's own text
/// and may hold such values (a duplicate key names the key): show it only where the user asked for values.
package struct StoreError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    /// The connection string cannot be read.
    case badURI = "store-bad-uri"
    /// Neither the connection string nor the caller names a database, or its name is not allowed.
    case badDatabaseName = "store-bad-database-name"
    /// No server answered within the time allowed.
    case unreachable = "store-unreachable"
    /// User name or password refused.
    case authentication = "store-authentication"
    /// The user may not do this.
    case notAuthorized = "store-not-authorized"
    /// The encrypted connection could not be set up.
    case tls = "store-tls"
    /// The server answered before and does so no longer.
    case connectionLost = "store-connection-lost"
    /// Transactions need a replica set.
    case notReplicaSet = "store-not-replica-set"
    /// The server is not the one that takes writes, or is shutting down; another may take over.
    case notPrimary = "store-not-primary"
    /// The server gave up because the operation took too long.
    case timeout = "store-timeout"
    /// A document is larger than MongoDB stores.
    case documentTooLarge = "store-document-too-large"
    /// Bytes that are no BSON document, sent or received.
    case badDocument = "store-bad-document"
    /// The write was refused, or not confirmed as the write concern asks.
    case writeFailed = "store-write-failed"
    /// An index of this name or these fields exists with other options.
    case indexConflict = "store-index-conflict"
    /// The server is out of disk space.
    case diskFull = "store-disk-full"
    /// A command was refused for any other reason.
    case commandFailed = "store-command-failed"
  }

  package let code: Code
  package let message: String
  /// MongoDB's number for the error, where the server sent one.
  package let serverCode: Int32?
  /// MongoDB's own words; may hold values of documents.
  package let serverMessage: String?
  /// Whether the same call may succeed later without a change to data or configuration.
  package let isRetryable: Bool
  /// MongoDB's labels, which say what a transaction may do about the error.
  let labels: [String]

  package init(
    _ code: Code, _ message: String, serverCode: Int32? = nil, serverMessage: String? = nil,
    isRetryable: Bool = false
  ) {
    self.init(
      code, message, serverCode: serverCode, serverMessage: serverMessage, isRetryable: isRetryable,
      labels: [])
  }

  init(
    _ code: Code, _ message: String, serverCode: Int32?, serverMessage: String?, isRetryable: Bool,
    labels: [String]
  ) {
    self.code = code
    self.message = message
    self.serverCode = serverCode
    self.serverMessage = serverMessage
    self.isRetryable = isRetryable
    self.labels = labels
  }

  package var description: String { "\(code.rawValue): \(message)" }
}
