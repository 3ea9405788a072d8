package import BSON

/// What the server says of its collections.
extension StoreConnection {
  /// The options that a collection was created with or given since; nil where there is no such collection.
  package func collectionOptions(_ name: String) throws(StoreError) -> BSONFields? {
    let found = try firstBatch(["listCollections": 1, "filter": ["name": .string(name)]])
    return found.first.map { $0["options"]?.fields ?? [:] }
  }

  /// The fields of each index of a collection, in their order.
  package func indexes(of name: String) throws(StoreError) -> [BSONFields] {
    // A collection has 64 indexes at most; the first batch holds 101 of what it lists.
    try firstBatch(["listIndexes": .string(name)]).compactMap { $0["key"]?.fields }
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
