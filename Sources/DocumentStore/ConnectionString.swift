import CMongoC
import Glibc

/// A parsed connection string: where the servers are, how to log in, which options apply.
///
/// See https://www.mongodb.com/docs/manual/reference/connection-string/
///
/// Sendable, because a `mongoc_uri_t` is not changed once the initialiser has ended, and this is its one owner.
struct ConnectionString: ~Copyable, @unchecked Sendable {
  let uri: OpaquePointer
  /// How long to wait for a server that has gone away.
  let patience: Duration
  /// How long to wait at first for a server that is there and does not answer: no longer than the string, or the caller, says.
  let firstPatience: Duration

  init(_ text: String, options: StoreOptions) throws(StoreError) {
    let text = Self.trimmed(text)
    guard text.hasPrefix("mongodb://") || text.hasPrefix("mongodb+srv://") else {
      throw StoreError(
        .badURI,
        "the connection string must begin with mongodb:// or mongodb+srv://, as in mongodb://localhost:27017")
    }
    guard !text.utf8.contains(0) else {
      throw StoreError(.badURI, "the connection string holds a zero byte")
    }
    guard Self.hasEncodedCredentials(text) else { throw Self.malformed("") }
    var error = bson_error_t()
    guard let uri = mongoc_uri_new_with_error(text, &error) else {
      let reason = withUnsafePointer(to: &error) { String(cString: cmongoc_error_message($0)) }
      throw Self.malformed(" (\(Self.redacted(reason, from: text)))")
    }
    // Without an answer nobody would know what was loaded, and the program could not add up what it read.
    guard mongoc_write_concern_is_acknowledged(mongoc_uri_get_write_concern(uri)) else {
      mongoc_uri_destroy(uri)
      throw StoreError(
        .badURI,
        "w=0 in the connection string asks the server not to confirm writes; leave it out, or use w=1")
    }
    // libmongoc would only say that there is no connection.
    for (option, parts) in [
      ("tlsCAFile", ["CERTIFICATE"]), ("tlsCertificateKeyFile", ["CERTIFICATE", "PRIVATE KEY"]),
    ] {
      guard let path = mongoc_uri_get_option_as_utf8(uri, option, nil).map({ String(cString: $0) }),
        let fault = Self.fault(inPEM: path, parts)
      else { continue }
      mongoc_uri_destroy(uri)
      throw StoreError(.badURI, "\(path): \(fault); \(option) in the connection string names it")
    }
    self.uri = uri
    let timeout = mongoc_uri_get_option_as_int32(uri, "serverSelectionTimeoutMS", 0)
    patience = timeout > 0 ? .milliseconds(timeout) : .seconds(60)
    firstPatience = options.serverSelectionTimeout.map { .milliseconds($0) } ?? patience
    set(options)
  }

  private init(owning uri: OpaquePointer, patience: Duration) {
    self.uri = uri
    self.patience = patience
    firstPatience = patience
  }

  deinit { mongoc_uri_destroy(uri) }

  /// The same string for a client that looks for a server once and does not wait.
  func impatient() -> ConnectionString {
    // A copy of a URI that was parsed cannot fail, but for want of memory, which ends the program anyhow.
    let copy = ConnectionString(owning: mongoc_uri_copy(uri).unsafelyUnwrapped, patience: patience)
    mongoc_uri_set_option_as_bool(copy.uri, "serverSelectionTryOnce", true)
    return copy
  }

  /// Whether the string says itself when a write counts as done.
  var hasWriteConcern: Bool { has("w") || has("journal") || has("wTimeoutMS") }

  /// The same string for clients whose writes are done when the primary has them.
  func acknowledgedByPrimary() -> ConnectionString {
    // A copy of a URI that was parsed cannot fail, but for want of memory, which ends the program anyhow.
    let copy = ConnectionString(owning: mongoc_uri_copy(uri).unsafelyUnwrapped, patience: patience)
    let concern = mongoc_write_concern_new()
    defer { mongoc_write_concern_destroy(concern) }
    mongoc_write_concern_set_w(concern, 1)
    mongoc_uri_set_write_concern(copy.uri, concern)
    return copy
  }

  /// The database that the string names behind the host.
  var database: String? { mongoc_uri_get_database(uri).map { String(cString: $0) } }

  /// The servers as host:port, without user or password.
  var hosts: String {
    if let name = mongoc_uri_get_srv_hostname(uri) { return String(cString: name) }
    var hosts: [String] = []
    var next = mongoc_uri_get_hosts(uri)
    while let host = next {
      hosts.append(String(cString: cmongoc_host_and_port(host)))
      next = cmongoc_next_host(host)
    }
    return hosts.joined(separator: ", ")
  }

  /// The replica set that the server must belong to.
  var replicaSet: String? { mongoc_uri_get_replica_set(uri).map { String(cString: $0) } }

  var usesTLS: Bool { mongoc_uri_get_tls(uri) }

  /// Whether somebody logs in.
  var hasUser: Bool { mongoc_uri_get_username(uri) != nil || mongoc_uri_get_auth_mechanism(uri) != nil }

  /// How long to look for a server.
  var serverSelectionTimeout: Duration {
    .milliseconds(mongoc_uri_get_option_as_int32(uri, "serverSelectionTimeoutMS", Self.defaultTimeout))
  }

  private static let defaultTimeout: Int32 = 5_000

  private func set(_ options: StoreOptions) {
    if let timeout = options.serverSelectionTimeout
      ?? (has("serverSelectionTimeoutMS") ? nil : Self.defaultTimeout)
    {
      mongoc_uri_set_option_as_int32(uri, "serverSelectionTimeoutMS", timeout)
    }
    // A replica set that is electing its primary deserves more than one look.
    if !has("serverSelectionTryOnce") { mongoc_uri_set_option_as_bool(uri, "serverSelectionTryOnce", false) }
    // A server that does not even refuse must not take longer than the search may.
    if !has("connectTimeoutMS") {
      let timeout = mongoc_uri_get_option_as_int32(uri, "serverSelectionTimeoutMS", Self.defaultTimeout)
      mongoc_uri_set_option_as_int32(uri, "connectTimeoutMS", max(1, min(timeout, 10_000)))
    }
    if let retryWrites = options.retryWrites {
      mongoc_uri_set_option_as_bool(uri, "retryWrites", retryWrites)
    }
    if mongoc_uri_get_appname(uri) == nil { mongoc_uri_set_appname(uri, options.applicationName) }
  }

  private func has(_ option: String) -> Bool { mongoc_uri_has_option(uri, option) }

  /// A connection string read from a file often ends with a newline.
  private static func trimmed(_ text: String) -> String {
    let kept = text.drop(while: \.isWhitespace)
    guard let last = kept.lastIndex(where: { !$0.isWhitespace }) else { return "" }
    return String(kept[...last])
  }

  /// Why a file cannot serve as one of certificates.
  private static func fault(inPEM path: String, _ parts: [String]) -> String? {
    guard let file = fopen(path, "r") else { return "this file cannot be read" }
    defer { fclose(file) }
    // A system's certificates take some hundred kilobytes.
    var bytes = [UInt8](repeating: 0, count: 4 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    let text = String(decoding: bytes[..<count], as: UTF8.self)
    for part in parts where !text.split(separator: "\n").contains(where: { isHead($0, of: part) }) {
      return "this file holds no \(part.lowercased()) in PEM form (-----BEGIN \(part)-----)"
    }
    return nil
  }

  /// Keys have several kinds: `-----BEGIN EC PRIVATE KEY-----`.
  private static func isHead(_ line: Substring, of part: String) -> Bool {
    line.hasPrefix("-----BEGIN ") && line.contains("\(part)-----")
  }

  private static func malformed(_ detail: String) -> StoreError {
    StoreError(
      .badURI,
      "the connection string cannot be read\(detail); it has the form mongodb://user:password@host:port/database, and "
        + "characters such as @ : / % in user name or password must be percent-encoded")
  }

  /// Whether the only @ is the one that ends user name and password.
  ///
  /// libmongoc takes the first for that one: what is left of a password with an unencoded @ / or ? would become a host
  /// name, and be shown.
  private static func hasEncodedCredentials(_ text: String) -> Bool {
    let location = text.prefix { $0 != "=" }.drop { $0 != "/" }.dropFirst(2)
    let ats = location.count { $0 == "@" }
    return ats == 0 || ats == 1 && location.prefix { $0 != "/" && $0 != "?" }.contains("@")
  }

  /// Takes user name and password out of libmongoc's words, which may quote the part that it could not read.
  static func redacted(_ reason: String, from uri: String) -> String {
    guard let scheme = uri.firstIndex(of: "/"), let at = uri.lastIndex(of: "@") else { return reason }
    let credentials = uri[scheme..<at].drop { $0 == "/" }
    let parts = [credentials] + credentials.split(separator: ":") + credentials.split(separator: "@")
    // An unencoded @ or : cuts the password anywhere: if any piece shows, none of the text is safe.
    let leaks = parts.contains { $0.count > 1 && reason.contains($0) }
    return leaks ? "the part with user name and password is malformed" : reason
  }
}
