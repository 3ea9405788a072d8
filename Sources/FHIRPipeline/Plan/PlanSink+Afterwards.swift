import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// What an import does when all is loaded: deletions, and what heals.
extension PlanSink {
  // MARK: What is deleted

  /// Adds the documents in which resources would be that come with this import.
  func withHomes(of targets: [TargetIndex.Target], _ found: DeletionSearch.Found) -> DeletionSearch.Found {
    var found = found
    let homes = state.withLock { $0.homes }
    for target in targets {
      for (kind, documents) in homes[target.key] ?? [:] {
        for id in documents {
          found[kind, default: [:]][id, default: []].insert(target.key)
          // The chart of a patient who is gone is nobody's, if nothing is in it.
          if kind == .patient { found[.chart, default: [:]][id, default: []].formUnion([]) }
        }
      }
    }
    return found
  }

  /// Takes resources out that are to be deleted.
  ///
  /// - Returns: how many would be deleted.
  func delete(_ found: DeletionSearch.Found, refused: Deletions.Refused) throws -> Int {
    var deleted = 0
    for (kind, documents) in found.sorted(by: { $0.key < $1.key }) {
      // Who stays keeps the chart, if an empty one.
      let staying = kind == .chart ? try patients(among: documents.keys) : []
      try forEachStored(documents.keys.sorted(), kind) { id, stored in
        let keys = documents[id] ?? []
        switch try remove(
          keys, from: id, of: kind, stored: stored, keepsEmpty: staying.contains(id), isDeletion: true)
        {
        case .removed(let count): deleted += count
        case .left: if !keys.isEmpty { refused(keys, DeletionRun.notImported) }
        case .refused(let reason): refused(keys, DeletionRun.refusal(reason))
        }
      }
    }
    return deleted
  }

  /// What a transaction deletes that cannot be deleted; nil where all can be.
  private func refused(of orders: DeletionSearch.Found) throws -> Set<String>? {
    for (kind, documents) in orders {
      let place = states.place(of: kind)
      var refused: Set<String>?
      try forEachStored(documents.filter { !$0.value.isEmpty }.map(\.key), kind) { id, stored in
        let first = try (changed(id, kind) ?? stored).first
        if let first, try isOwn(first, place) { refused = documents[id] }
      }
      if let refused { return refused }
    }
    return nil
  }

  var deletesInTransactions: Bool { true }

  /// Takes what would be written together or not at all: first what the transaction deletes, as an import does.
  func put(_ transaction: BundleTransaction) -> Bool {
    do {
      let found = try store.withConnection {
        try deletionRun.search.documents(
          holding: transaction.deletions, lookingFirstIn: transaction.documentIDs, $0)
      }
      let orders = withHomes(of: transaction.deletions, found)
      if let keys = try refused(of: orders) {
        transaction.ended(BundleTransaction.refusal(ofDeleting: keys, DeletionRun.notImported))
        return true
      }
      if let reason = try refusal(of: transaction) {
        transaction.ended(BundleTransaction.refusal(ofDocument: reason))
        return true
      }
      let deleted = try delete(orders) { _, _ in }
      state.withLock { $0.deleted += transaction.deletions }
      try transaction.forEachBatch { requests in
        if !put(requests) { throw PipelineFailure.interrupted }
      }
      transaction.ended(.committed(deleted: deleted))
      return true
    } catch {
      fail(error)
      transaction.ended(.dropped)
      return false
    }
  }

  /// Which of these would be patients.
  func patients(among ids: some Sequence<String>) throws -> Set<String> {
    var patients = try store.withConnection { try states.patients(among: ids, $0) }
    for id in ids {
      // Of one that stays as it is, or that nothing came for, the database has told.
      guard let pages = try changed(id, .patient) else { continue }
      let isPatient = try pages.first?.withView { try $0.find(path: "_fhirline.key") != nil } ?? false
      if isPatient { patients.insert(id) } else { patients.remove(id) }
    }
    return patients
  }

  // MARK: What heals

  /// A document as it would be by what has come so far; nil for one that is not there.
  func pages(of id: String, _ kind: DocumentKind) throws -> [BSONDocument]? {
    let pages = try present(id, kind).planned
    return pages.isEmpty ? nil : pages
  }

  /// Whether a document would hold a resource.
  func holds(_ key: String, _ kind: DocumentKind, _ id: String) throws -> Bool {
    guard let pages = try pages(of: id, kind) else { return false }
    return try assembler.draft(ofStored: pages, kind: kind, id: id).version(ofResource: key) != nil
  }

  /// The names that organizations would have, of those that the plan changes, by `Organization/id`.
  func names(of keys: Set<String>, prefix: String) throws -> [String: String] {
    var names: [String: String] = [:]
    for key in keys {
      let parts = key.split(separator: "/", maxSplits: 1)
      guard parts.count == 2 else { continue }
      let id = "\(parts[0])/\(prefix)\(parts[1])"
      guard let room = state.withLock({ $0.plans[PlanSink.key(.resource, id)]?.room }) else { continue }
      names[key] = try kept.pages(at: room).first?.withView { try $0.find(path: "fhir.name")?.text }
    }
    return names
  }

  /// Notes that resources would leave a document that is an application's own, and stays so.
  func noteMoved(_ keys: Set<String>, fromOwn id: String, _ kind: DocumentKind) {
    var document = PlannedDocument(
      kind: kind, collection: states.place(of: kind).name, id: id, fate: .replace)
    document.leaving = keys.sorted()
    note(document, nil)
  }

  /// Takes documents that heal: their resources did not come with this import, and are not counted.
  ///
  /// - Returns: what the body gives, and whether a document would be refused.
  func healing<R>(_ body: (any DocumentSink) throws -> R) throws -> (R, isRefused: Bool) {
    let before = state.withLock { $0.refusedUncounted }
    let result = try body(Healed(sink: self))
    if let failure { throw failure }
    return (result, state.withLock { $0.refusedUncounted } > before)
  }

  private struct Healed: DocumentSink {
    let sink: PlanSink

    func put(_ requests: [LoadRequest]) -> Bool { sink.put(requests, counts: false) }
    var hasFailed: Bool { sink.hasFailed }
  }

  /// Notes that a resource which was nobody's has its patient's document for its home now.
  func leaveNobody(_ id: String) throws {
    let place = states.place(of: .resource)
    var document = PlannedDocument(kind: .resource, collection: place.name, id: id, fate: .replace)
    document.leaving = [id]
    note(document, nil, isGone: true)
  }
}
