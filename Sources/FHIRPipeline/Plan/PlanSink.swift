import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// Takes the documents of an import, and compares them with those that are stored instead of writing them.
final class PlanSink: DocumentSink {
  private struct State {
    var counts: [String: [PlannedDocument.Fate: Int]] = [:]
    /// By fate: the first documents in the order of their collections and ids.
    var documents: [PlannedDocument.Fate: [PlannedDocument]] = [:]
    var failure: PipelineFailure?
  }

  private let store: DocumentStore
  private let states: StoredStates
  private let assembler: DocumentAssembler
  private let mappings: MappingSet
  private let ledger: ImportLedger
  private let limit: Int
  private let state = Mutex(State())

  init(
    store: DocumentStore, states: StoredStates, assembler: DocumentAssembler, mappings: MappingSet,
    ledger: ImportLedger, limit: Int
  ) {
    self.store = store
    self.states = states
    self.assembler = assembler
    self.mappings = mappings
    self.ledger = ledger
    self.limit = limit
  }

  var hasFailed: Bool { failure != nil }
  var failure: PipelineFailure? { state.withLock { $0.failure } }
  var counts: [String: [PlannedDocument.Fate: Int]] { state.withLock { $0.counts } }
  var documents: [PlannedDocument.Fate: [PlannedDocument]] { state.withLock { $0.documents } }

  func foundUnchanged(_ kind: DocumentKind) {
    let name = states.place(of: kind).name
    state.withLock { $0.counts[name, default: [:]][.unchanged, default: 0] += 1 }
  }

  func put(_ requests: [LoadRequest]) -> Bool {
    do {
      let groups = Dictionary(grouping: requests) { $0.document.kind }
      for (kind, requests) in groups { try put(requests.map(\.document), kind) }
      return true
    } catch {
      let message = (error as? StoreError)?.message ?? "\(error)"
      state.withLock { state in
        state.failure =
          state.failure ?? (error as? PipelineFailure) ?? PipelineFailure(.connection, message)
      }
      return false
    }
  }

  private func put(_ documents: [Assembly], _ kind: DocumentKind) throws {
    var waiting: [String: Assembly] = [:]
    for document in documents { waiting[document.id] = document }
    let place = states.place(of: kind)
    if try states.hadDocuments(kind) {
      let projection = place.field.map { BSONFields([.init($0, 1)]) }
      try store.withConnection { connection in
        try connection.find(
          documents.map(\.id), at: place, projection: projection
        ) { id, _, stored in
          guard let own = try place.document(in: stored),
            let document = waiting.removeValue(forKey: id)
          else { return }
          try compare(document, with: BSONDocument(copying: own), place)
        }
      }
    }
    for document in documents where waiting[document.id] != nil {
      ledger.count(document.tally)
      note(PlannedDocument(kind: kind, collection: place.name, id: document.id, fate: .insert))
    }
  }

  private func compare(_ document: Assembly, with first: BSONDocument, _ place: DocumentPlace) throws {
    let content = try first.withView { try StoredState($0) }
    var pages = [first]
    if content.pages > 1 {
      pages = try store.withConnection { connection in
        try connection.storedPages(of: document.id, count: content.pages, at: place).pages
      }
    }
    if assembler.isEmpty(document) {
      foundUnchanged(document.kind)
      return
    }
    let planned = try assembler.assemble(document, stored: pages)
    ledger.count(planned.tally)
    if planned.hash == content.hash || planned.isAsStored {
      foundUnchanged(document.kind)
      return
    }
    note(
      try PlannedDocument(
        kind: document.kind, collection: place.name, id: document.id, stored: pages,
        planned: try planned.pages,
        mappings: mappings))
  }

  private func note(_ document: PlannedDocument) {
    state.withLock { state in
      state.counts[document.collection, default: [:]][document.fate, default: 0] += 1
      var documents = state.documents.removeValue(forKey: document.fate) ?? []
      let isFirst = documents.last.map { document.precedes($0) } ?? true
      if documents.count < limit || isFirst {
        let place = documents.firstIndex { document.precedes($0) } ?? documents.count
        documents.insert(document, at: place)
        if documents.count > limit { documents.removeLast() }
      }
      state.documents[document.fate] = documents
    }
  }
}

extension PlannedDocument {
  fileprivate func precedes(_ other: PlannedDocument) -> Bool { (kind, id) < (other.kind, other.id) }
}

extension DocumentPlace {
  /// `patient_chart`, or `patient.patient_chart` for what stands within another document.
  var name: String { field.map { "\(collection).\($0)" } ?? collection }
}
