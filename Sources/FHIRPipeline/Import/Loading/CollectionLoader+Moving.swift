import BSON
import DocumentStore
import FHIRMapping

extension CollectionLoader {
  /// Takes resources that stand in another document now out of one that is an application's own. All else in it stays as it is.
  ///
  /// - Parameter copies: where it is copied to: such a copy says nothing of what it was made of, and loses them first.
  func removeMoved(
    _ keys: Set<String>, fromOwn id: String, copies: DocumentPlace?, _ connection: borrowing StoreConnection
  ) throws -> Removal {
    if let copies { _ = try removeMoved(keys, fromOwn: id, at: copies, connection) }
    return try removeMoved(keys, fromOwn: id, at: place, connection)
  }

  private func removeMoved(
    _ keys: Set<String>, fromOwn id: String, at place: DocumentPlace, _ connection: borrowing StoreConnection
  ) throws -> Removal {
    let prefix = place.field.map { $0 + "." } ?? ""
    for _ in 0..<CollectionLoader.tries {
      var filter = BSONFields()
      var change = BSONFields()
      var removed = 0
      try connection.find([id], at: place) { _, storedID, whole in
        guard let stored = try place.document(in: whole) else { return }
        filter = ["_id": storedID ?? .string(id)]
        filter.fields += DocumentPlace.has(nil, within: place.field).fields
        change = BSONFields()
        removed = 0
        for section in try StoredContent.sections(of: stored, owner: id, without: keys) {
          // Whoever changes it meanwhile keeps the change.
          filter[prefix + section.name] = .array(section.items)
          change[prefix + section.name] = .array(section.left)
          removed += section.items.count - section.left.count
        }
      }
      guard removed > 0 else { return .removed(0) }
      let result = try connection.write(
        [
          .update(
            filter: try BSONDocument(filter), try BSONDocument(["$set": .document(change)]), upsert: false,
            many: false)
        ], in: place.collection)
      if let failure = result.failures.first { return .refused(failure.message) }
      if result.matched == 1 { return .removed(removed) }
    }
    throw PipelineFailure(.stopped, "other programs keep changing a document that a resource is to leave")
  }
}
