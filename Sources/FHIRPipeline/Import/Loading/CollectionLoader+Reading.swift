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
}
