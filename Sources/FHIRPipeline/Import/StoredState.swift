import BSON
package import DocumentStore
package import FHIRMapping
import Synchronization

/// A stored document's own word on its content.
package struct StoredState: Sendable {
  /// nil in a document that this program did not write.
  package var hash: String?
  package var pages: Int

  init(_ document: BSONView) throws {
    let bookkeeping = try document.find("_fhirline")?.document
    hash = try bookkeeping?.find("hash")?.text
    pages = Int(try bookkeeping?.find("pages")?.integer ?? 1)
  }

  /// The states of those of the documents that are there, by `_id`.
  static func states(
    of ids: [String], in collection: String, _ connection: borrowing StoreConnection
  ) throws -> [String: StoredState] {
    var states: [String: StoredState] = [:]
    guard !ids.isEmpty else { return states }
    try connection.find(
      ids: ids, in: collection, projection: ["_fhirline.hash": 1, "_fhirline.pages": 1]
    ) { document in
      if let id = try document.find("_id")?.text { states[id] = try StoredState(document) }
    }
    return states
  }
}

/// What the database had before a run.
package final class StoredStates: Sendable {
  private let store: DocumentStore
  private let collections: [DocumentKind: String]
  /// Which collections had documents.
  private let filled = Mutex<[DocumentKind: Bool]>([:])

  package init(store: DocumentStore, collections: [DocumentKind: String]) {
    self.store = store
    self.collections = collections
  }

  func collection(of kind: DocumentKind) -> String { collections[kind] ?? kind.rawValue }

  /// Whether a collection had documents before this run; it must be asked before the run writes into it.
  func hadDocuments(_ kind: DocumentKind) throws -> Bool {
    try filled.withLock { filled in
      if let known = filled[kind] { return known }
      var found = false
      try store.withConnection { connection in
        let first = FindOptions(projection: ["_id": 1], limit: 1)
        try connection.find(in: collection(of: kind), options: first) { _ in found = true }
      }
      filled[kind] = found
      return found
    }
  }

  func states(of ids: [String], _ kind: DocumentKind) throws -> [String: StoredState] {
    try store.withConnection { connection in
      try StoredState.states(of: ids, in: collection(of: kind), connection)
    }
  }
}
