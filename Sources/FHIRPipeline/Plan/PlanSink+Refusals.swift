import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// What MongoDB would not take, by the rules of its collections.
extension PlanSink {
  /// Whether a document would be refused; its resources are then set aside.
  ///
  /// - Parameters:
  ///   - incoming: what came for it.
  ///   - base: its pages as they would be before; none for one that would not be there.
  func isRefused(
    _ planned: Assembly, _ incoming: Assembly, over base: [BSONDocument], _ place: DocumentPlace, counts: Bool
  ) throws -> Bool {
    guard let reason = try refusal(of: planned, over: base, place) else { return false }
    if counts {
      ledger.refuse(incoming, reason: reason)
    } else {
      state.withLock { $0.refusedUncounted += 1 }
    }
    // What came before it stays as it was planned.
    let isPlanned = state.withLock { $0.plans[PlanSink.key(planned.kind, planned.id)] != nil }
    if !isPlanned {
      note(
        PlannedDocument(kind: planned.kind, collection: place.name, id: planned.id, fate: .refused), nil)
    }
    return true
  }

  /// Why a document would be refused; nil where it would be written, and is noted to have its places in unique indexes.
  func refusal(
    of planned: Assembly, over base: [BSONDocument], _ place: DocumentPlace
  ) throws -> String? {
    var places = ForeseenRefusals.Claims()
    return try refusal(of: planned, over: base, place, with: &places) ?? refusals.claimed.claim(places)
  }

  /// Why a transaction would be refused; nil where it would be written.
  func refusal(of transaction: BundleTransaction) throws -> String? {
    var places = ForeseenRefusals.Claims()
    var reason: String?
    try transaction.forEachBatch { requests in
      for document in requests.map(\.document) where reason == nil {
        let place = states.place(of: document.kind)
        guard try hasRules(place) else { continue }
        let base = try present(document.id, document.kind).planned
        let planned =
          try base.isEmpty
          ? document
          : assembler.assemble(
            document, stored: base, own: ownAppointments(in: [document], document.kind))
        if let first = base.first,
          try first.withView({ try StoredState($0) }).isStill(planned, pages: base.count)
        {
          continue
        }
        reason = try refusal(of: planned, over: base, place, with: &places)
      }
    }
    return reason
  }

  private func hasRules(_ place: DocumentPlace) throws -> Bool {
    try [place.collection, place.pages].contains { try refusals.rules(of: $0) != nil }
  }

  private func refusal(
    of planned: Assembly, over base: [BSONDocument], _ place: DocumentPlace,
    with places: inout ForeseenRefusals.Claims
  ) throws -> String? {
    guard try hasRules(place) else { return nil }
    func isPlanned(_ kind: DocumentKind) -> (String) -> Bool {
      { id in
        self.state.withLock { state in
          state.plans[PlanSink.key(kind, id)].map { $0.isGone || $0.room != nil } ?? false
        }
      }
    }
    let pages = try (0..<planned.pageCount).map { try planned.page($0).fields() }
    let key = PlanSink.key(planned.kind, planned.id)
    guard let field = place.field else {
      guard let rules = try refusals.rules(of: place.collection) else { return nil }
      let candidate = ForeseenRefusals.Candidate(
        collection: place.collection, key: key, pages: pages, before: try base.first?.fields())
      return try refusals.reason(candidate, rules, with: &places, isPlanned: isPlanned(planned.kind))
    }
    // It stands within another document, and its further pages in a collection of their own.
    let before = try present(planned.id, .patient).planned.first?.fields()
    var holder = before ?? ["_id": .string(planned.id)]
    holder[field] = pages.first.map(BSONValue.document)
    let parts = [
      (place.collection, [holder], before, DocumentKind.patient),
      (place.pages, Array(pages.dropFirst()), nil, .chart),
    ]
    for (collection, pages, before, kind) in parts {
      guard !pages.isEmpty, let rules = try refusals.rules(of: collection) else { continue }
      let owner = PlanSink.key(kind, planned.id)
      let candidate = ForeseenRefusals.Candidate(
        collection: collection, key: owner, pages: pages, before: before)
      let reason = try refusals.reason(candidate, rules, with: &places, isPlanned: isPlanned(kind))
      if let reason { return reason }
    }
    return nil
  }
}
