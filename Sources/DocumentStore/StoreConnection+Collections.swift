package import BSON
import CMongoC

/// An index that a collection is to have.
package struct IndexDefinition: Sendable {
  package var name: String
  /// Fields in order, each with 1, -1, "text", "2dsphere" or "hashed".
  package var keys: BSONFields
  package var isUnique = false
  package var isSparse = false
  /// The documents that the index covers; nil for all.
  package var partialFilter: BSONFields?

  package init(
    name: String, keys: BSONFields, isUnique: Bool = false, isSparse: Bool = false,
    partialFilter: BSONFields? = nil
  ) {
    self.name = name
    self.keys = keys
    self.isUnique = isUnique
    self.isSparse = isSparse
    self.partialFilter = partialFilter
  }

  /// Whether an index with these keys covers the same fields in the same order and directions.
  package func hasKeys(_ present: BSONFields) -> Bool {
    present.fields.count == keys.fields.count
      && zip(present.fields, keys.fields).allSatisfy {
        $0.key == $1.key && $0.value.integer == $1.value.integer
      }
  }

  var fields: BSONFields {
    var fields: BSONFields = ["key": .document(keys), "name": .string(name)]
    if isUnique { fields["unique"] = true }
    if isSparse { fields["sparse"] = true }
    fields["partialFilterExpression"] = partialFilter.map(BSONValue.document)
    return fields
  }
}

extension StoreConnection {
  /// Creates a collection; one that exists already is left as it is.
  package func createCollection(_ name: String, options: BSONFields = [:]) throws(StoreError) {
    _ = try makeCollection(name, options: options)
  }

  /// The same; says whether there was none.
  package func makeCollection(_ name: String, options: BSONFields) throws(StoreError) -> Bool {
    do {
      _ = try command(
        try document(BSONFields([.init("create", .string(name))] + options.fields)), writes: true)
      return true
    } catch {
      guard error.serverCode == 48 else { throw error }
      return false
    }
  }

  /// Creates indexes, and the collection if it does not exist; those that exist already are left as they are.
  ///
  /// Building them behind a bulk load costs the server half of what keeping them up to date during it does.
  /// - Throws: `indexConflict` where one exists with other options.
  package func createIndexes(_ indexes: [IndexDefinition], on name: String) throws(StoreError) {
    guard !indexes.isEmpty else { return }
    let command: BSONFields = [
      "createIndexes": .string(name), "indexes": .array(indexes.map { .document($0.fields) }),
    ]
    // Else no index of a collection with documents is made as long as one member of the set is away.
    let quorum = BSONFields(command.fields + [.init("commitQuorum", "majority")])
    do {
      _ = try self.command(try document(quorum), writes: true)
    } catch {
      guard let code = error.serverCode, StoreConnection.quorumIsUnknown.contains(code) else { throw error }
      _ = try self.command(try document(command), writes: true)
    }
  }

  /// What servers say of `commitQuorum` that stand alone, or are older than 4.4; and of much else.
  private static let quorumIsUnknown: Set<Int32> = [2, 72, 197, 40415]

  /// As ``createIndexes(_:on:)``; where the user may make none, it is enough that they are there.
  package func ensureIndexes(_ indexes: [IndexDefinition], on name: String) throws(StoreError) {
    do {
      try createIndexes(indexes, on: name)
    } catch {
      guard error.code == .notAuthorized else { throw error }
      for index in indexes where (try? hasIndex(index, on: name)) != true { throw error }
    }
  }

  /// The collections of the database, in the order of their names.
  package func collectionNames() throws(StoreError) -> [String] {
    let options = try options(["nameOnly": true])
    guard let database = mongoc_client_get_database(client, databaseName) else {
      throw StoreError(.commandFailed, "libmongoc gives no handle of the database")
    }
    defer { mongoc_database_destroy(database) }
    guard let found = mongoc_database_find_collections_with_opts(database, options.pointer) else {
      throw StoreError(.commandFailed, "libmongoc cannot list the collections")
    }
    var cursor = StoreCursor(found, context: context)
    var names: [String] = []
    while let entry = try cursor.next() {
      do throws(BSONError) {
        if let name = try entry.find("name")?.text { names.append(name) }
      } catch {
        throw StoreError(error)
      }
    }
    return names.sorted()
  }

  /// Removes a collection with all it holds; one that does not exist is no error.
  package func drop(_ name: String) throws(StoreError) {
    do {
      _ = try command(try document(["drop": .string(name)]))
    } catch {
      guard error.serverCode == 26 else { throw error }
    }
  }

  /// Removes the whole database.
  package func dropDatabase() throws(StoreError) { _ = try command(["dropDatabase": 1]) }
}
