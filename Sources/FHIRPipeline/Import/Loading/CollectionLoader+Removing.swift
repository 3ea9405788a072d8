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
      let removal = { (change: PageJournal.Change?, connection: borrowing StoreConnection) in
        try remove(keys, links: links, from: id, of: kind, pages: known.pages, keepsEmpty, change, connection)
      }
      let removed =
        known.pages == 1 || connection.isInTransaction
        ? try removal(nil, connection)
        : try PageJournal(place: place).change(id, connection) { try removal($0, connection) }
      if let removed { return removed }
    }
    throw PipelineFailure(.stopped, "other programs keep changing a document that is to be deleted")
  }

  /// - Returns: how many were there; nil where the document is no longer as it was read.
  private func remove(
    _ keys: Set<String>, links: Set<String>, from id: String, of kind: DocumentKind, pages: Int,
    _ keepsEmpty: Bool, _ change: PageJournal.Change?, _ connection: borrowing StoreConnection
  ) throws -> Int? {
    let stored = try pagesFound(of: id, upTo: pages + 1, connection)
    // What this program did not write it does not delete.
    guard let state = try stored.state, state.hash != nil else { return 0 }
    guard state.pages <= stored.ids.count else { return nil }
    let removal = try assembler.assemble(
      kind: kind, id: id, without: keys, links: links, stored: stored.inOrder, keepsEmpty: keepsEmpty)
    try departures?.note(removal.formerOwners, of: id, connection)
    guard let document = removal.document else {
      return try delete(stored, hash: state.hash, change, connection) ? removal.removed : nil
    }
    if !removal.isChanged { return 0 }
    let merged = Merged(
      incoming: document, document: document, hash: state.hash, guardedHash: stored.guardedHash,
      storedID: stored.storedID)
    return try write(paged: merged, over: stored.found, change, connection).isEmpty ? removal.removed : nil
  }

  /// Deletes a document and its pages, if it is still as it was read.
  private func delete(
    _ stored: StoredPages, hash: String?, _ change: PageJournal.Change?,
    _ connection: borrowing StoreConnection
  ) throws -> Bool {
    guard try change?.begin(hash: nil, pages: stored.found.count, connection) ?? true else { return false }
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
    do { try change?.hold(connection) } catch Setback.changed { return false }
    let result = try connection.write([first], in: collection)
    guard result.deleted + result.matched == 1 else { return false }
    if place.field != nil {
      // A patient of whom nothing but the chart was known is nobody without it.
      _ = try connection.write(
        [
          .delete(
            filter: try BSONDocument([
              "_id": id, "$expr": ["$eq": [["$size": ["$objectToArray": "$$ROOT"]], 1]],
            ]), many: false)
        ], in: collection)
    }
    let pages = stored.found.keys.filter { $0 != stored.id }
    if !pages.isEmpty { _ = try connection.delete(ids: pages, from: place.pages) }
    return true
  }
}
