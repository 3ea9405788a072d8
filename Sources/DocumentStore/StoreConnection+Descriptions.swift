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
