import BSON
import DocumentStore
import FHIRMapping

/// Charts that an application keeps elsewhere than the configuration wants them: within patients where charts are to have a
/// collection of their own, or the other way round.
///
/// A patient has one chart. One that an import has something to add to goes to where charts are to be, with all that is in it; one
/// that says all of it already stays where it is.
extension CollectionLoader {
  /// A document that stands elsewhere, and what came for it.
  private struct Stray {
    let incoming: Assembly
    let id: BSONValue
    let document: BSONDocument
  }

  /// Loads those documents that are not where they are to be, and stand elsewhere.
  ///
  /// - Returns: those that stand nowhere yet, and those that could not be written because somebody else changed them.
  func loadStrays(
    _ documents: [Assembly], own: Set<String>, _ connection: borrowing StoreConnection
  ) throws -> (new: [Assembly], missed: [Assembly]) {
    guard let strays, !documents.isEmpty else { return (documents, []) }
    let incoming = Dictionary(documents.map { ($0.id, $0) }) { first, _ in first }
    var found: [String: Stray] = [:]
    try connection.find(
      Array(incoming.keys), at: strays, projection: strays.field.map { [$0: 1] }
    ) { id, storedID, whole in
      guard let own = try strays.document(in: whole), !(try StoredState(own).isImported),
        let document = incoming[id]
      else { return }
      found[id] = Stray(
        incoming: document, id: storedID ?? .string(id), document: BSONDocument(copying: own))
    }
    // Of these it was not asked: they did not seem to be there.
    let own = try found.isEmpty ? own : own.union(ownAppointments(found.values.map(\.incoming)))
    var missed: [Assembly] = []
    for stray in found.values.sorted(by: { $0.incoming.id < $1.incoming.id }) {
      do {
        try load(stray, from: strays, own: own, connection)
      } catch Setback.changed {
        missed.append(stray.incoming)
      } catch Setback.refused(let reason) {
        refused(stray.incoming, reason)
      } catch let error as StoreError where error.concernsDocument {
        refused(stray.incoming, error.message)
      }
    }
    return (documents.filter { found[$0.id] == nil }, missed)
  }

  private func load(
    _ stray: Stray, from strays: DocumentPlace, own: Set<String>, _ connection: borrowing StoreConnection
  ) throws {
    let left = try leftPages(of: stray.incoming, connection)
    guard left.found[stray.incoming.id] == nil else { throw Setback.changed }
    guard
      var merged = try merged(
        stray.incoming, StoredState(hash: nil, pages: 1), stored: [stray.document] + left.inOrder, own: own,
        connection)
    else { return }
    merged.isNew = true
    try remembering([merged.document]) {
      try move(stray, as: merged, over: left.found, from: strays, connection)
    }
    countWritten(merged.document)
  }

  private func move(
    _ stray: Stray, as merged: Merged, over left: [String: BSONDocument], from strays: DocumentPlace,
    _ connection: borrowing StoreConnection
  ) throws {
    if connection.isInTransaction {
      try write(merged, inPlaceOf: stray, over: left, strays, nil, connection)
    } else if hasTransactions {
      try connection.withTransaction { try write(merged, inPlaceOf: stray, over: left, strays, nil, $0) }
    } else if merged.document.pageCount == 1, left.isEmpty {
      try write(merged, inPlaceOf: stray, over: left, strays, nil, connection)
    } else {
      try PageJournal(place: place).change(stray.incoming.id, connection) {
        try write(merged, inPlaceOf: stray, over: left, strays, $0, connection)
      }
    }
  }

  private func write(
    _ merged: Merged, inPlaceOf stray: Stray, over left: [String: BSONDocument], _ strays: DocumentPlace,
    _ change: PageJournal.Change?, _ connection: borrowing StoreConnection
  ) throws {
    try replacePages(merged, left, change, connection)
    // What is to have a copy there gets it when it is loaded.
    guard !keepsStrays else { return }
    let removal = try connection.write(
      [try strays.removal(stray.id, of: stray.document)], in: strays.collection)
    guard removal.matched + removal.deleted == 1 else { throw Setback.changed }
  }
}

extension DocumentPlace {
  /// Takes a document away that is as it was read.
  fileprivate func removal(_ id: BSONValue, of document: BSONDocument) throws -> WriteOperation {
    let own: BSONValue = .string("$$ROOT" + (field.map { "." + $0 } ?? ""))
    let isSame: BSONValue = ["$eq": [own, ["$literal": .document(try document.fields())]]]
    let filter = try BSONDocument(["_id": id, "$expr": isSame])
    guard let field else { return .delete(filter: filter, many: false) }
    return .update(
      filter: filter, try BSONDocument(["$unset": .document([field: ""])]), upsert: false, many: false)
  }
}
