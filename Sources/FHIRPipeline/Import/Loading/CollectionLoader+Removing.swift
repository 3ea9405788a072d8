import BSON
import DocumentStore
import FHIRMapping

extension CollectionLoader {
  /// Takes resources, and links to appointments, out of a document; one that is left without any goes, unless an application
  /// keeps a chart in it.
  ///
  /// - Parameter keepsEmpty: whether a document stays that nothing is left in.
  /// - Returns: how many were there.
  func remove(
    _ keys: Set<String>, links: Set<String> = [], from id: String, of kind: DocumentKind, keepsEmpty: Bool,
    _ connection: borrowing StoreConnection
  ) throws -> Int {
    for _ in 0..<CollectionLoader.tries {
      guard let known = try StoredState.states(of: [id], in: place, connection)[id] else { return 0 }
      let stored = try pagesFound(of: id, upTo: known.pages + 1, connection)
      // What this program did not write it does not delete.
      guard let state = try stored.state, state.hash != nil else { return 0 }
      let removal = try assembler.assemble(
        kind: kind, id: id, without: keys, links: links, stored: stored.inOrder, keepsEmpty: keepsEmpty)
      try departures?.note(removal.formerOwners, of: id, connection)
      if let document = removal.document {
        if !removal.isChanged { return 0 }
        let merged = Merged(
          incoming: document, document: document, hash: state.hash, guardedHash: stored.guardedHash,
          storedID: stored.storedID)
        if try write(paged: merged, over: stored.found, connection).isEmpty { return removal.removed }
      } else if try delete(stored, hash: state.hash, connection) {
        return removal.removed
      }
    }
    throw PipelineFailure(.stopped, "other programs keep changing a document that is to be deleted")
  }

  /// Deletes a document and its pages, if it is still as it was read.
  private func delete(
    _ stored: StoredPages, hash: String?, _ connection: borrowing StoreConnection
  ) throws -> Bool {
    let value: BSONValue = hash.map { .string($0) } ?? .null
    let id = stored.storedID ?? .string(stored.id)
    let first: WriteOperation
    if let field = place.field {
      first = .update(
        filter: try BSONDocument(["_id": id, "\(field)._fhirline.hash": value]),
        try BSONDocument(["$unset": .document([field: ""])]), upsert: false, many: false)
    } else {
      first = .delete(
        filter: try BSONDocument(["_id": id, "_fhirline.hash": value]), many: false)
    }
    let result = try connection.write([first], in: collection)
    guard result.deleted + result.matched == 1 else { return false }
    let pages = stored.found.keys.filter { $0 != stored.id }
    if !pages.isEmpty { _ = try connection.delete(ids: pages, from: place.pages) }
    return true
  }
}
