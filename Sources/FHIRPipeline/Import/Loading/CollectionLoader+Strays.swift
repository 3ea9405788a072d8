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
      let merged = try merged(
        stray.incoming, StoredState(hash: nil, pages: 1), stored: [stray.document], own: own,
        connection)
      guard let document = merged?.document else { continue }
      do {
        try remembering([document]) { try move(stray, to: document, from: strays, connection) }
        countWritten(document)
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

  private func move(
    _ stray: Stray, to document: Assembly, from strays: DocumentPlace, _ connection: borrowing StoreConnection
  ) throws {
    if hasTransactions, !connection.isInTransaction {
      try connection.withTransaction { try write(document, inPlaceOf: stray, strays, $0) }
    } else {
      try write(document, inPlaceOf: stray, strays, connection)
    }
  }

  private func write(
    _ document: Assembly, inPlaceOf stray: Stray, _ strays: DocumentPlace,
    _ connection: borrowing StoreConnection
  ) throws {
    if let reason = try insertFurtherPages(of: document, nil, connection) { throw Setback.refused(reason) }
    let holder = try holders(of: [document], connection)[document.id]
    let result =
      place.field == nil
      ? try connection.insert([document.first], into: collection)
      : try connection.write(
        [try place.insertion(holder ?? .string(document.id), document.first)], in: collection)
    if let failure = result.failures.first {
      throw failure.reason == .duplicateKey ? Setback.changed : Setback.refused(failure.message)
    }
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
