import BSON
import CMongoC
import Glibc
import Memory
import Synchronization

/// A MongoDB database, and connections to it.
///
/// Every operation blocks its thread until the server has answered: call them on threads of your own, never on Swift's
/// cooperative pool. Any number of threads may use one store; each borrows a connection with `withConnection`.
package final class DocumentStore: Sendable {
  package let databaseName: String
  /// The servers as host:port; without credentials, fit to be shown.
  package let hosts: String
  /// What the server said of itself when the store was opened.
  package let server: ServerDescription
  /// How long to go on where the server has gone away: what the connection string gives for finding one, else a minute. A
  /// replica set elects another primary in ten to twenty seconds.
  package var patience: Duration { connectionString.patience }
  let outages = Outages()
  private let connectionString: ConnectionString
  /// Whether the connection string names somebody who logs in.
  var hasUser: Bool { connectionString.hasUser }
  /// See ``StoreOptions/confirmsAtEnd``.
  private let confirmsAtEnd: Bool
  /// As it was when writes were last confirmed.
  private let tenure: Mutex<ServerDescription.Tenure>
  /// Clients that no thread uses at the moment.
  ///
  /// libmongoc has a pool of its own. Its monitor threads are why it is not used: they take half a second to end, and a
  /// program that exits before they did crashes within OpenSSL's clean-up.
  private let idle: Mutex<[Client]>

  /// Takes away the name of the shared memory that libmongoc keeps its counters in, for monitors. It is made before the program's
  /// first line runs, whatever the command; that of a run that was killed would stay behind for good, and whichever process gets
  /// the same number later would begin with libmongoc's complaint of it on the user's terminal.
  package static func unlinkCounters() { shm_unlink("/mongoc-\(getpid())") }

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
    var connectionString = try ConnectionString(uri, options: options)
    guard let name = databaseName ?? connectionString.database else {
      throw StoreError(
        .badDatabaseName,
        "the connection string names no database; write it behind the host, as in mongodb://localhost:27017/clinic"
      )
    }
    try Self.check(databaseName: name)
    let hosts = connectionString.hosts
    server = try Self.greet(connectionString, database: name, hosts: hosts)
    let isMember = server.replicaSetName != nil
    // A single server has what it confirms on its disk some time later, whatever the write concern but for one.
    confirmsAtEnd =
      options.confirmsAtEnd && !server.isRouter && (!isMember || !connectionString.hasWriteConcern)
    if confirmsAtEnd, isMember { connectionString = connectionString.acknowledgedByPrimary() }
    tenure = Mutex(server.tenure)
    self.idle = Mutex([])
    self.databaseName = name
    self.hosts = hosts
    self.connectionString = connectionString
  }

  deinit {
    let clients = idle.withLock { $0 }
    for client in clients { client.destroy() }
  }

  /// Lends a connection to this thread for the length of the closure.
  ///
  /// A worker that writes for minutes borrows once, not for every batch. Nested calls take a second connection.
  /// Who wants to try again after `connectionLost` borrows anew: the old connection does not ask the server again for
  /// five seconds.
  package func withConnection<R>(_ body: (borrowing StoreConnection) throws -> R) throws -> R {
    let context = StoreError.Context(
      hosts: hosts, replicaSet: connectionString.replicaSet, hasConnected: true,
      patience: connectionString.patience, outages: outages)
    let client = try idle.withLock { $0.popLast() } ?? Client(connectionString, context: context)
    do {
      let result = try body(
        StoreConnection(
          client: client.pointer, databaseName: databaseName, limits: server.limits, context: context))
      idle.withLock { $0.append(client) }
      return result
    } catch let error as StoreError where error.isOutage {
      // libmongoc would not ask the server again for five seconds; a new client does at once.
      client.destroy()
      throw error
    } catch {
      idle.withLock { $0.append(client) }
      throw error
    }
  }

  /// Waits until most members of the replica set have on disk what was written through this store; or a single server has.
  ///
  /// - Parameter collection: one that is there.
  /// - Returns: false where the server was started anew, or another became primary, since the store was opened or last asked
  ///   so: some of what was written meanwhile may be lost.
  package func confirmWrites(in collection: String) throws -> Bool {
    guard confirmsAtEnd else { return true }
    return try persevering { connection in
      try connection.waitForWrites(in: collection, isMember: server.replicaSetName != nil)
      let now = try connection.tenure()
      return tenure.withLock { last in
        defer { last = now }
        return last == now
      }
    }
  }

  /// Makes the first contact, trying again until the time allowed is over: a server may just be starting.
  ///
  /// Each attempt has a client of its own, because one that was refused does not ask again for five seconds.
  private static func greet(
    _ connectionString: borrowing ConnectionString, database: String, hosts: String
  ) throws(StoreError) -> ServerDescription {
    let context = StoreError.Context(
      hosts: hosts, replicaSet: connectionString.replicaSet, usesTLS: connectionString.usesTLS,
      hasConnected: false)
    let impatient = connectionString.impatient()
    let start = ContinuousClock.now
    while true {
      let client = try Client(impatient, context: context)
      defer { client.destroy() }
      let connection = StoreConnection(
        client: client.pointer, databaseName: database, limits: .init(), context: context)
      do throws(StoreError) {
        // `ping` logs in, which `hello` does not.
        try connection.ping()
        return try connection.describeServer()
      } catch {
        // One that took the connection is there, and has much to do: it is waited for like one that went away.
        let isSlow = error.serverMessage?.contains("timeout calling hello") ?? false
        let limit = isSlow ? connectionString.firstPatience : connectionString.serverSelectionTimeout
        guard error.code == .unreachable || error.code == .tls && error.isRetryable,
          ContinuousClock.now < start + limit
        else { throw error }
        cmongoc_sleep(100)
      }
    }
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

/// A `mongoc_client_t`: a connection, or several of them to the servers of a replica set.
///
/// It belongs to whoever took it out of the store's list, so that only one thread at a time uses it, which is what
/// libmongoc demands; nothing in it is bound to the thread that made it.
private struct Client: @unchecked Sendable {
  let pointer: OpaquePointer

  init(_ connectionString: borrowing ConnectionString, context: StoreError.Context) throws(StoreError) {
    var error = bson_error_t()
    guard let client = mongoc_client_new_from_uri_with_error(connectionString.uri, &error) else {
      throw StoreError(error, in: context)
    }
    mongoc_client_set_error_api(client, MONGOC_ERROR_API_VERSION_2)
    pointer = client
  }

  func destroy() { mongoc_client_destroy(pointer) }
}

/// libmongoc's own start, once in a process.
///
/// It is never shut down: that must not happen while any thread still uses it, cannot be undone, and frees nothing
/// that the end of the process does not.
private enum Library {
  static let started: Void = {
    // Every command to the server is put together in memory of its own, of some megabytes.
    var memory = bson_mem_vtable_t()
    memory.malloc = { LargeMemory.malloc($0) }
    memory.calloc = { calloc($0, $1) }
    memory.realloc = { LargeMemory.realloc($0, $1) }
    memory.free = { LargeMemory.free($0) }
    memory.aligned_alloc = { aligned_alloc($0, $1) }
    bson_mem_set_vtable(&memory)
    // What libmongoc logs comes to the caller as an error; its own words do not belong on the user's terminal.
    mongoc_log_set_handler({ _, _, _, _ in }, nil)
    mongoc_init()
  }()
}
