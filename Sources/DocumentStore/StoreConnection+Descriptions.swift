package import BSON

/// What the server says of its collections.
extension StoreConnection {
  /// The options that a collection was created with or given since; nil where there is no such collection.
  package func collectionOptions(_ name: String) throws(StoreError) -> BSONFields? {
    let found = try firstBatch(["listCollections": 1, "filter": ["name": .string(name)]])
    return found.first.map { $0["options"]?.fields ?? [:] }
  }

  /// The options of those of some collections that there are, by their names; a hundred of them at most.
  package func collectionOptions(amongst names: [String]) throws(StoreError) -> [String: BSONFields] {
    // The first batch holds 101 of what is listed.
    precondition(names.count <= 100)
    let found = try firstBatch([
      "listCollections": 1, "filter": ["name": ["$in": .array(names.map { .string($0) })]],
    ])
    var options: [String: BSONFields] = [:]
    for collection in found {
      if let name = collection["name"]?.text { options[name] = collection["options"]?.fields ?? [:] }
    }
    return options
  }

  /// The fields of each index of a collection, in their order.
  package func indexes(of name: String) throws(StoreError) -> [BSONFields] {
    try indexDescriptions(of: name).compactMap { $0["key"]?.fields }
  }

  /// Whether a collection has an index on these fields, whatever it is called.
  ///
  /// Who may read documents, and not list indexes, learns it all the same: the server plans a search by an index only if that is there.
  package func hasIndex(_ index: IndexDefinition, on name: String) throws(StoreError) -> Bool {
    do {
      return try indexes(of: name).contains { index.hasKeys($0) }
    } catch {
      guard error.code == .notAuthorized else { throw error }
    }
    do {
      let search: BSONFields = ["find": .string(name), "hint": .document(index.keys)]
      let reply = try command(
        try document(["explain": .document(search), "verbosity": "queryPlanner"]))
      let plan = try reply.fields()["queryPlanner"]?.fields?["winningPlan"]?.fields
      // Of a collection that does not exist any index would do.
      return plan?["stage"]?.text != "EOF"
    } catch let error as StoreError {
      guard error.serverCode == StoreConnection.badValue else { throw error }
      return false
    } catch {
      throw StoreError(.badDocument, "the server sent a document that cannot be read: \(error)")
    }
  }

  /// What the server says of an index that is not there.
  private static let badValue: Int32 = 2

  /// The indexes of a collection with their names and options; none where there is no such collection.
  package func indexDescriptions(of name: String) throws(StoreError) -> [BSONFields] {
    do {
      // A collection has 64 indexes at most; the first batch holds 101 of what it lists.
      return try firstBatch(["listIndexes": .string(name)])
    } catch {
      guard error.serverCode == 26 else { throw error }
      return []
    }
  }

  private func firstBatch(_ command: BSONFields) throws(StoreError) -> [BSONFields] {
    let reply = try self.command(try document(command))
    do throws(BSONError) {
      let cursor = try reply.fields()["cursor"]?.fields
      return (cursor?["firstBatch"]?.elements ?? []).compactMap(\.fields)
    } catch {
      throw StoreError(error)
    }
  }
}
