import BSON
import FHIRMapping
import Synchronization

/// What an import does when all is loaded: deletions, and what heals.
extension PlanSink {
  // MARK: What is deleted

  /// Takes resources out that are to be deleted.
  ///
  /// - Parameter stored: by kind and document: what is to be taken out of it, as far as the database knows.
  /// - Returns: how many are there, those among them that come with this import.
  func delete(_ targets: [TargetIndex.Target], stored: [DocumentKind: [String: Set<String>]]) throws -> Int {
    var orders = stored
    var deleted = 0
    let homes = state.withLock { $0.homes }
    for target in targets {
      for (kind, documents) in homes[target.key] ?? [:] {
        for id in documents {
          orders[kind, default: [:]][id, default: []].insert(target.key)
          // The chart of a patient who is gone is nobody's, if nothing is in it.
          if kind == .patient { orders[.chart, default: [:]][id, default: []].formUnion([]) }
        }
      }
    }
    for (kind, documents) in orders.sorted(by: { $0.key < $1.key }) {
      for (id, keys) in documents.sorted(by: { $0.key < $1.key }) {
        // Who stays keeps the chart, if an empty one.
        let keepsEmpty = try kind == .chart && isPatient(id)
        deleted += try remove(keys, from: id, of: kind, keepsEmpty: keepsEmpty, isDeletion: true)
      }
    }
    return deleted
  }

  private func isPatient(_ id: String) throws -> Bool {
    try present(id, .patient).planned.first?.withView { try $0.find(path: "_fhirline.key") != nil } ?? false
  }

  // MARK: What heals

  /// A document as it would be by what has come so far; nil for one that is not there.
  func pages(of id: String, _ kind: DocumentKind) throws -> [BSONDocument]? {
    let pages = try present(id, kind).planned
    return pages.isEmpty ? nil : pages
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

  /// Takes documents that heal: their resources did not come with this import, and are not counted.
  func healing<R>(_ body: (any DocumentSink) throws -> R) throws -> R {
    let result = try body(Healed(sink: self))
    if let failure { throw failure }
    return result
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
