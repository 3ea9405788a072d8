import DocumentStore
import FHIRMapping

extension StoredStates {
  /// Adds to documents of a kind what follows from others: no resource comes with it, and none is counted.
  func add(
    _ documents: [Assembly], of kind: DocumentKind, _ assembler: DocumentAssembler,
    _ connection: borrowing StoreConnection, refused: @escaping DocumentLoader.Refused = { _, _ in }
  ) throws {
    var loader = CollectionLoader(
      place: place(of: kind), assembler: assembler,
      hasTransactions: store.server.hasTransactions && !connection.isInTransaction, counted: { _ in },
      refused: refused)
    let copies = CopiedCharts(kind, self, assembler)
    copies.attend(to: &loader)
    try loader.load(documents.map { LoadRequest($0) }, areNew: false, connection)
    tell(try copies.update(documents.map(\.id), connection))
  }
}
