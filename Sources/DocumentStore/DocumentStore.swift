import BSON
import CMongoC

/// A MongoDB database, and the pool of connections to it.
///
/// Every operation blocks its thread until the server has answered: call them on threads of your own, never on Swift's
/// cooperative pool. Any number of threads may use one store; each borrows a connection with `withConnection`.
package final class DocumentStore {
  package let databaseName: String
  /// The servers as host:port; without credentials, fit to be shown.
  package let hosts: String
  /// What the server said of itself when the store was opened.
  package let server: ServerDescription
  private let pool: OpaquePointer

  /// Connects, logs in, and asks the server what it is.
  ///
  /// - Parameters:
  ///   - uri: a connection string, mongodb:// or mongodb+srv://; surrounding whitespace is ignored.
  ///   - databaseName: the database; nil for the one that the connection string names.
  /// - Throws: `badURI`, `badDatabaseName`, `unreachable` within the time of `options.serverSelectionTimeout`,
  ///   `authentication`, `tls`.
  package init(uri: String, databaseName: String? = nil, options: StoreOptions = StoreOptions())
    throws(StoreError)
  {
    _ = Library.started
    let connection = try ConnectionString(uri, options: options)
    guard let name = databaseName ?? connection.database else {
      throw StoreError(
        .badDatabaseName,
        "the connection string names no database; write it behind the host, as in mongodb://localhost:27017/clinic"
      )
    }
    try Self.check(databaseName: name)
    let hosts = connection.hosts
    var error = bson_error_t()
    guard let pool = mongoc_client_pool_new_with_error(connection.uri, &error) else {
      throw StoreError(error, in: .init(hosts: hosts, hasConnected: false))
    }
    mongoc_client_pool_set_error_api(pool, MONGOC_ERROR_API_VERSION_2)
    do throws(StoreError) {
      server = try Self.greet(pool, database: name, hosts: hosts)
    } catch {
      cmongoc_destroy_pool_aside(pool)
      throw error
    }
    self.pool = pool
    self.databaseName = name
    self.hosts = hosts
  }

  deinit { cmongoc_destroy_pool_aside(pool) }

  /// Lends a connection to this thread for the length of the closure.
  ///
  /// A worker that writes for minutes borrows once, not for every batch. Nested calls take a second connection.
  package func withConnection<R>(_ body: (borrowing StoreConnection) throws -> R) throws -> R {
    guard let client = mongoc_client_pool_pop(pool) else {
      throw StoreError(.noConnectionFree, "every connection is in use", isRetryable: true)
    }
    defer { mongoc_client_pool_push(pool, client) }
    return try body(
      StoreConnection(
        client: client, databaseName: databaseName, limits: server.limits,
        context: .init(hosts: hosts, hasConnected: true)))
  }

  /// Makes the first contact: `ping` logs in, `hello` tells what the server is.
  private static func greet(
    _ pool: OpaquePointer, database: String, hosts: String
  ) throws(StoreError) -> ServerDescription {
    guard let client = mongoc_client_pool_pop(pool) else {
      throw StoreError(.noConnectionFree, "every connection is in use", isRetryable: true)
    }
    defer { mongoc_client_pool_push(pool, client) }
    let connection = StoreConnection(
      client: client, databaseName: database, limits: .init(),
      context: .init(hosts: hosts, hasConnected: false))
    try connection.ping()
    return try connection.describeServer()
  }

  /// See https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions
  private static func check(databaseName name: String) throws(StoreError) {
    let forbidden: Set<Character> = ["/", "\\", ".", " ", "\"", "$", "*", "<", ">", ":", "|", "?", "\0"]
    guard !name.isEmpty, name.utf8.count < 64, !name.contains(where: forbidden.contains) else {
      throw StoreError(
        .badDatabaseName, "a database name has 1 to 63 bytes and none of / \\ . \" $ * < > : | ? or a space")
    }
  }
}

/// A `mongoc_client_pool_t` is thread-safe (libmongoc's documentation says so of the pool and of nothing else), and all
/// the other state is immutable.
extension DocumentStore: @unchecked Sendable {}

/// libmongoc's own start, once in a process.
///
/// It is never shut down: that must not happen while any thread still uses it, cannot be undone, and frees nothing
/// that the end of the process does not.
private enum Library {
  static let started: Void = {
    mongoc_init()
    // What libmongoc logs comes to the caller as an error; its own words do not belong on the user's terminal.
    mongoc_log_set_handler({ _, _, _, _ in }, nil)
  }()
}
