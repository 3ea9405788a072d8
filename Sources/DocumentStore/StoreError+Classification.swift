import BSON
import CMongoC

extension StoreError {
  /// Where an error came from, as far as it changes what the error means.
  struct Context {
    /// The servers asked, as host:port.
    var hosts: String
    /// The replica set that the connection string names.
    var replicaSet: String?
    var usesTLS = false
    /// Whether a server has answered this program before.
    var hasConnected: Bool
    /// How long to wait for a server that has gone away.
    var patience = Duration.seconds(60)
    /// Where it is noted what a server is left with that goes away; nil before the first contact.
    var outages: Outages?
  }

  /// Reads what libmongoc says went wrong.
  ///
  /// See https://mongoc.org/libmongoc/current/errors.html for its domains; a server's own error has the domain
  /// MONGOC_ERROR_SERVER and the server's code.
  init(_ error: bson_error_t, reply: BSONFields = [:], in context: Context) {
    var error = error
    let text = withUnsafePointer(to: &error) { String(cString: cmongoc_error_message($0)) }
    let labels = reply["errorLabels"]?.elements?.compactMap(\.text) ?? []
    // Codes collide between domains, so that the domain is asked first.
    switch mongoc_error_domain_t(error.domain) {
    case MONGOC_ERROR_SERVER, MONGOC_ERROR_WRITE_CONCERN:
      self.init(
        serverCode: Int32(bitPattern: error.code), name: reply["codeName"]?.text, text: text, labels: labels,
        in: context)
    case MONGOC_ERROR_SERVER_SELECTION, MONGOC_ERROR_STREAM:
      self.init(connection: text, labels: labels, in: context)
    case MONGOC_ERROR_CLIENT where error.code == MONGOC_ERROR_CLIENT_AUTHENTICATE.rawValue,
      MONGOC_ERROR_SASL, MONGOC_ERROR_SCRAM:
      self = .authenticationRefused(text, in: context)
    case MONGOC_ERROR_CLIENT, MONGOC_ERROR_PROTOCOL:
      self.init(connection: text, labels: labels, in: context)
    case MONGOC_ERROR_BSON:
      self.init(
        .badDocument, "a document cannot be sent: it is no sound BSON", serverCode: nil, serverMessage: text,
        isRetryable: false, labels: labels)
    default:
      self.init(
        .commandFailed, "MongoDB refused the operation", serverCode: Int32(bitPattern: error.code),
        serverMessage: text, isRetryable: false, labels: labels)
    }
  }

  /// An error that the server itself reported.
  ///
  /// See https://github.com/mongodb/mongo/blob/v6.0/src/mongo/base/error_codes.yml for the codes.
  private init(serverCode: Int32, name: String?, text: String, labels: [String], in context: Context) {
    let number = name.map { "\($0), error \(serverCode)" } ?? "error \(serverCode)"
    let (code, message, isRetryable): (Code, String, Bool) =
      switch serverCode {
      case 18: (.authentication, "\(context.hosts) refused the user name or password", false)
      case 13, 8000:
        (
          .notAuthorized, "the user of the connection may not \(Self.forbidden(text))", false
        )
      case 20 where text.contains("replica set"), 263:
        (.notReplicaSet, "transactions need a replica set, and \(context.hosts) is a single server", false)
      case 50, 202: (.timeout, "the server gave up: the operation took longer than its limit", true)
      case 64, 100:
        (.writeFailed, "the write was not confirmed by as many servers as the write concern asks", true)
      case 85, 86: (.indexConflict, "an index of this name or these fields exists with other options", false)
      case 189, 10107, 13435, 10058:
        (.notPrimary, "the server no longer takes writes; another may take over", true)
      case 91, 11600, 11602, 13436: (.connectionLost, "\(context.hosts) is shutting down", true)
      case 6, 7, 89, 9001: (.connectionLost, "the connection to \(context.hosts) broke", true)
      case 10334, 17280, 17419, 17420:
        (.documentTooLarge, "a document is larger than MongoDB stores (16 MB)", false)
      // WiredTiger's own error reaches clients as UnknownError with the system's words.
      case 14031,
        _ where text.contains("No space left on device"):
        (.diskFull, "the server has no disk space left", false)
      case 112, 251: (.writeFailed, "another client changed the same documents at the same time", true)
      default: (.commandFailed, "MongoDB refused the operation (\(number))", false)
      }
    self.init(
      code, message, serverCode: serverCode, serverMessage: text, isRetryable: isRetryable, labels: labels)
  }

  /// What a user lacks the right for, and the least role that brings it, of the server's words:
  /// `not authorized on DATABASE to execute command { NAME: "COLLECTION", …`. What follows may hold values of documents.
  private static func forbidden(_ text: String) -> String {
    guard
      let match = text.firstMatch(of: /authorized on (\S+) to execute command \{ (\w+): (?:"([\w.\-]+)")?/)
    else { return "do this; it needs the role readWrite" }
    let command = String(match.2)
    let role = readingCommands.contains(command) ? "read, or readWrite to import" : "readWrite"
    return "use \(actions[command] ?? command) on \(match.1)" + (match.3.map { ".\($0)" } ?? "")
      + "; it needs the role \(role)"
  }

  private static let readingCommands: Set = [
    "find", "aggregate", "count", "explain", "listCollections", "listIndexes",
  ]

  /// The right that a command takes, where it has another name: rights are what roles are made of.
  ///
  /// See https://www.mongodb.com/docs/manual/reference/privilege-actions/
  private static let actions = [
    "aggregate": "find", "count": "find", "create": "createCollection", "createIndexes": "createIndex",
    "delete": "remove", "explain": "find",
  ]

  /// An error of the network, before a server could answer.
  private init(connection text: String, labels: [String], in context: Context) {
    // libmongoc has one domain for all of these; only its words tell them apart.
    if text.contains("uthentication fail") {
      self = .authenticationRefused(text, in: context)
      return
    }
    let code: Code
    let message: String
    let reason = Self.reason(text)
    // Who encrypts and who does not see only that the other hangs up.
    let isHungUp = ["connection closed", "closed connection", "connection error", "length header"].contains {
      text.contains($0)
    }
    if context.hasConnected {
      code = .connectionLost
      message = "the connection to \(context.hosts) broke\(reason)"
    } else if text.contains("TLS") || text.contains("certificate") || isHungUp && context.usesTLS {
      code = .tls
      let hint =
        if isHungUp {
          "; is a server there, and does it want a certificate of yours, which tlsCertificateKeyFile names?"
        } else if text.contains("timed out") {
          "; if the server does not encrypt, leave tls=true out of the connection string"
        } else { "" }
      message = "no encrypted connection to \(context.hosts)\(reason)\(hint)"
    } else {
      code = .unreachable
      let hint: String
      if isHungUp, FreeDescriptors.areFew {
        hint = "; the program may hardly open another file or connection: raise the limit (ulimit -n)"
      } else if isHungUp {
        hint = "; if the server demands encryption, add tls=true to the connection string"
      } else if let replicaSet = context.replicaSet, !text.contains("[") {
        // libmongoc found a server and dropped it: it names no cause then.
        hint = "; is '\(replicaSet)' the name of its replica set, and has the set a primary?"
      } else {
        hint = ""
      }
      message = "no MongoDB server answers at \(context.hosts)\(reason)\(hint)"
    }
    self.init(
      code, message, serverCode: nil, serverMessage: text,
      // A server that hangs up may just be starting; one whose certificate is refused keeps it.
      isRetryable: code != .tls || isHungUp, labels: labels)
  }

  /// What is worth telling of libmongoc's words: for each server the cause, which stands in brackets.
  private static func reason(_ text: String) -> String {
    guard text.hasPrefix("No suitable servers found") else { return ": \(text)" }
    guard let start = text.firstIndex(of: "["), let end = text.lastIndex(of: "]"), start < end else {
      return ""
    }
    return " (" + text[text.index(after: start)..<end].split(separator: "] [").joined(separator: "; ") + ")"
  }

  private static func authenticationRefused(_ text: String, in context: Context) -> StoreError {
    if text.contains("authentication mechanism") || text.contains("Unsupported mechanism") {
      return StoreError(
        .authentication,
        "the connection string's authMechanism is none that is known here: SCRAM-SHA-256, SCRAM-SHA-1 or MONGODB-X509",
        serverMessage: text)
    }
    return StoreError(
      .authentication,
      "\(context.hosts) refused the user name or password; check both, and authSource in the connection string",
      serverMessage: text)
  }

  /// Bytes from the server that are no BSON.
  init(_ error: BSONError) {
    self.init(.badDocument, "the server sent a document that cannot be read: \(error)")
  }
}

extension mongoc_error_domain_t {
  init(_ domain: UInt32) { self.init(rawValue: domain) }
}
