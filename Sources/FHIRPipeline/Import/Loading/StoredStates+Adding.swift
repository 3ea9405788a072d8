import DocumentStore
import FHIRMapping

extension StoredStates {
  /// Adds to documents of a kind what follows from others: no resource comes with it, and none is counted.
  func add(
    _ documents: [Assembly], of kind: DocumentKind, _ assembler: DocumentAssembler,
    _ connection: borrowing StoreConnection, refused: @escaping DocumentLoader.Refused = { _, _ in }
  ) throws {
    let loader = CollectionLoader(
      place: place(of: kind), assembler: assembler,
      hasTransactions: store.server.hasTransactions && !connection.isInTransaction, counted: { _ in },
      refused: refused)
    try loader.load(documents.map { LoadRequest($0) }, areNew: false, connection)
    if kind == .chart, layout == .both {
      try ChartMirror(charts: place(of: .chart), copies: embeddedCharts)
        .update(documents.map(\.id), connection)
    }
  }
}
