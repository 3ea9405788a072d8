import BSON
import DocumentStore
import FHIRMapping

extension CollectionLoader {
  /// One that only reads, and takes out what is named.
  init(reading kind: DocumentKind, _ states: StoredStates, _ assembler: DocumentAssembler) {
    self.init(
      place: states.place(of: kind), assembler: assembler,
      hasTransactions: states.store.server.hasTransactions, counted: { _ in }, refused: { _, _ in })
  }

  /// A stored document taken apart; nil for one that is not there.
  func draft(
    of id: String, _ kind: DocumentKind, _ connection: borrowing StoreConnection
  ) throws -> DocumentDraft? {
    guard let known = try StoredState.states(of: [id], in: place, connection)[id] else { return nil }
    let pages = try pagesFound(of: id, upTo: known.pages, connection).inOrder
    return try assembler.draft(ofStored: pages, kind: kind, id: id)
  }

  /// Hands over stored documents taken apart, in any order, those of one page in few exchanges; those that are not there are left out.
  func forEachDraft(
    of ids: [String], _ kind: DocumentKind, _ connection: borrowing StoreConnection,
    _ body: (_ id: String, DocumentDraft) throws -> Void
  ) throws {
    var paged: [String] = []
    try connection.find(ids, at: place, projection: place.field.map { [$0: 1] }) { id, _, stored in
      guard let own = try place.document(in: stored) else { return }
      guard try StoredState(own).pages == 1 else { return paged.append(id) }
      try body(id, assembler.draft(ofStored: [BSONDocument(copying: own)], kind: kind, id: id))
    }
    for id in paged { if let draft = try draft(of: id, kind, connection) { try body(id, draft) } }
  }
}
