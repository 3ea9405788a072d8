import DocumentStore
import FHIRMapping

/// What an import cannot do without; asked for before anything is loaded, for half an import is worse than none.
extension ImportRun {
  /// What an import does to collections.
  private static let actions = ["find", "insert", "update", "remove", "createIndex"]

  /// The program's own collections, beside those of the documents.
  private static let ownCollections = [
    runCollection, PageJournal.collection, Departures.collection, WaitingReferences.collection,
    ServerBases.collection,
  ]

  /// Throws where the user of the connection lacks a right that this import, or a later one, makes use of.
  func requireRights(_ store: DocumentStore) throws {
    let names = DocumentKind.allCases.map { collections[$0] ?? $0.rawValue } + ImportRun.ownCollections
    do {
      guard let fault = try store.rights()?.fault(doing: ImportRun.actions, on: names) else { return }
      throw fault
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }

  /// Throws where a Bundle is to be loaded all or nothing and the server cannot do that.
  func requireTransactions(_ found: IndexPass.Result, _ files: [InputFile], _ store: DocumentStore) throws {
    guard honoursTransactions, !store.server.hasTransactions, let first = found.firstTransaction else {
      return
    }
    throw PipelineFailure(
      .usage,
      "\(files[first].name): a transaction Bundle is loaded all or nothing, and this MongoDB server has no transactions, "
        + "for it is no replica set: start it as one, or load entry by entry with --no-transactions")
  }
}
