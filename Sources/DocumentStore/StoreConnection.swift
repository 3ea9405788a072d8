package import BSON
import CMongoC

/// One connection, lent to one thread by `DocumentStore.withConnection`; within `withTransaction`, a transaction.
package struct StoreConnection: ~Copyable {
  let client: OpaquePointer
  package let databaseName: String
  let limits: ServerDescription.Limits
  let context: StoreError.Context
  /// The transaction that operations take part in.
  let session: OpaquePointer?

  init(
    client: OpaquePointer, databaseName: String, limits: ServerDescription.Limits,
    context: StoreError.Context,
    session: OpaquePointer? = nil
  ) {
    self.client = client
    self.databaseName = databaseName
    self.limits = limits
    self.context = context
    self.session = session
  }

  /// Runs any command on the store's database, or on another such as `admin`, and gives the server's answer.
  ///
  /// - Parameter writes: whether the client's write concern goes with it.
  package func command(
    _ command: BSONDocument, database: String? = nil, writes: Bool = false
  ) throws(StoreError) -> BSONDocument {
    let native = try NativeDocument(command)
    let options = try options([:])
    let reply = NativeReply()
    var error = bson_error_t()
    let name = database ?? databaseName
    let succeeded =
      writes
      ? mongoc_client_write_command_with_opts(
        client, name, native.pointer, options.pointer, reply.pointer, &error)
      : mongoc_client_command_with_opts(
        client, name, native.pointer, nil, options.pointer, reply.pointer, &error)
    guard succeeded else { throw StoreError(error, reply: reply.fields, in: context) }
    do throws(BSONError) {
      return try reply.withView { (view) throws(BSONError) in BSONDocument(copying: view) }
    } catch {
      throw StoreError(error)
    }
  }

  /// Options for an operation, with the transaction if there is one.
  func options(_ fields: BSONFields) throws(StoreError) -> NativeDocument {
    try NativeDocument(try document(fields), session: session)
  }

  /// Builds a command or filter of the program's own making.
  func document(_ fields: BSONFields) throws(StoreError) -> BSONDocument {
    do throws(BSONError) {
      return try BSONDocument(fields)
    } catch {
      throw StoreError(.badDocument, "a command cannot be built: \(error)")
    }
  }

  func collection(_ name: String) throws(StoreError) -> Collection {
    guard !name.isEmpty, !name.utf8.contains(0), !name.contains("$"), name.utf8.count <= 200 else {
      throw StoreError(.commandFailed, "'\(name)' cannot be the name of a collection")
    }
    // libmongoc gives a handle for any name, without asking the server.
    guard let pointer = mongoc_client_get_collection(client, databaseName, name) else {
      throw StoreError(.commandFailed, "'\(name)' cannot be the name of a collection")
    }
    return Collection(pointer: pointer)
  }

  /// libmongoc's handle of a collection.
  struct Collection: ~Copyable {
    let pointer: OpaquePointer

    deinit { mongoc_collection_destroy(pointer) }
  }
}
