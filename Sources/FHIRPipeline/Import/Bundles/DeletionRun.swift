import BSON
import DocumentStore
import FHIRMapping

/// Takes resources out of the documents that hold them; a document that is left without any goes, too.
struct DeletionRun {
  let store: DocumentStore
  let states: StoredStates
  let assembler: DocumentAssembler
  let mappings: MappingSet
  /// Prefix of every `_id`, with its dot.
  let prefix: String
  /// Takes who loses an appointment; nil where nothing is deleted.
  var departures: Departures?

  /// The keys to be taken out of a document.
  typealias Orders = [DocumentKind: [String: Set<String>]]

  /// A resource that is to be deleted, and the document that holds it.
  struct Holding: Sendable {
    let resource: String
    let collection: String
    let document: String
  }

  /// What would be deleted: the resources that are there.
  func holdings(of targets: [TargetIndex.Target]) throws -> [Holding] {
    var found: [Holding] = []
    let all = try store.persevering { connection in try orders(targets, [:], connection) }
    for (kind, documents) in all.sorted(by: { $0.key < $1.key }) {
      let asked = documents.filter { !$0.value.isEmpty }
      guard !asked.isEmpty else { continue }
      let place = states.place(of: kind)
      let roots = try store.withConnection { connection in
        var roots: [String: String] = [:]
        try connection.find(Array(asked.keys), at: place, projection: ["_fhirline.key": 1]) {
          id, _, document in
          roots[id] = try document.find(path: "_fhirline.key")?.text ?? ""
        }
        // What an application made by itself stays.
        let states = try StoredState.states(of: Array(roots.keys), in: place, connection)
        return roots.filter { states[$0.key]?.isImported == true }
      }
      for (id, keys) in asked.sorted(by: { $0.key < $1.key }) {
        for key in keys.sorted() {
          // A section's resource was looked for where it is.
          let isThere = kind == .resource || isRoot(key) ? roots[id] == key : roots[id] != nil
          if isThere { found.append(Holding(resource: key, collection: place.name, document: id)) }
        }
      }
    }
    return found
  }

  /// Which documents resources are to be taken out of, as they are stored.
  ///
  /// - Parameter likely: documents that are asked before all others; see ``SectionSearch``.
  func documents(
    holding targets: [TargetIndex.Target], lookingFirstIn likely: [DocumentKind: [String]] = [:]
  ) throws -> Orders {
    try store.persevering { connection in try orders(targets, likely, connection) }
  }

  private func isRoot(_ key: String) -> Bool {
    mappings.homes.place(ofType: String(key.prefix { $0 != "/" })).section == nil
  }

  static let notImported = "the document is the application's own: what was not imported is not deleted"

  /// Why resources of a document were not deleted.
  private struct Refusal: Error {
    let reason: String
  }

  /// - Parameter refused: takes the key of a resource that stays, and why.
  /// - Returns: how many resources were deleted.
  func run(_ targets: [TargetIndex.Target], refused: (_ key: String, _ reason: String) -> Void) throws -> Int
  {
    guard !targets.isEmpty else { return 0 }
    let found = try store.persevering { connection in try orders(targets, [:], connection) }
    var deleted = 0
    for (kind, documents) in found.sorted(by: { $0.key < $1.key }) {
      let staying =
        kind == .chart
        ? try store.persevering { connection in try patients(documents.keys, connection) } : []
      for (id, keys) in documents.sorted(by: { $0.key < $1.key }) {
        do {
          deleted += try store.persevering { connection in
            try remove(keys, from: id, of: kind, patients: staying, connection)
          }
        } catch let refusal as Refusal {
          for key in keys.sorted() { refused(key, refusal.reason) }
        }
      }
    }
    return deleted
  }

  /// Deletes resources within a transaction.
  ///
  /// - Parameter documentIDs: documents that are likely to hold them.
  func run(
    _ targets: [TargetIndex.Target], lookingFirstIn documentIDs: [DocumentKind: [String]],
    _ connection: borrowing StoreConnection
  ) throws -> Int {
    var deleted = 0
    for (kind, documents) in try self.orders(targets, documentIDs, connection).sorted(by: { $0.key < $1.key })
    {
      let staying = kind == .chart ? try patients(documents.keys, connection) : []
      for (id, keys) in documents.sorted(by: { $0.key < $1.key }) {
        do {
          deleted += try remove(keys, from: id, of: kind, patients: staying, connection)
        } catch let refusal as Refusal {
          throw BundleTransaction.Failure.deletion(keys, refusal.reason)
        }
      }
    }
    return deleted
  }

  /// - Parameter patients: who stays, and keeps the chart, if an empty one.
  private func remove(
    _ keys: Set<String>, from id: String, of kind: DocumentKind, patients: Set<String>,
    _ connection: borrowing StoreConnection
  ) throws -> Int {
    let loader = CollectionLoader(
      place: states.place(of: kind), assembler: assembler,
      hasTransactions: store.server.hasTransactions && !connection.isInTransaction, counted: { _ in },
      refused: { _, _ in }, departures: departures)
    let removed: Int
    switch try loader.remove(keys, from: id, of: kind, keepsEmpty: patients.contains(id), connection) {
    case .removed(let count): removed = count
    // The chart of a patient who goes may be an application's own, and stays.
    case .left where keys.isEmpty: return 0
    case .left:
      throw Refusal(reason: DeletionRun.notImported)
    case .refused(let reason): throw Refusal(reason: "MongoDB refuses the document without it: \(reason)")
    }
    if kind == .chart, states.layout == .both {
      try ChartMirror(charts: states.place(of: .chart), copies: states.embeddedCharts).update(
        [id], connection)
    }
    return removed
  }

  /// Which documents the resources are to be taken out of.
  private func orders(
    _ targets: [TargetIndex.Target], _ documentIDs: [DocumentKind: [String]],
    _ connection: borrowing StoreConnection
  ) throws -> Orders {
    var orders: Orders = [:]
    var items: [DocumentKind: [String: [TargetIndex.Target]]] = [:]
    for target in targets {
      let (kind, section) = mappings.homes.place(ofType: target.type)
      if kind != .resource, section == nil {
        orders[kind, default: [:]][prefix + target.id, default: []].insert(target.key)
        // The chart of a patient who is gone is nobody's, if nothing is in it.
        if kind == .patient { orders[.chart, default: [:]][prefix + target.id, default: []] = [] }
      } else {
        // What has its home in a section is kept on its own as long as its owner is not known.
        orders[.resource, default: [:]]["\(target.type)/\(prefix)\(target.id)", default: []].insert(
          target.key)
        if let section { items[kind, default: [:]][section, default: []].append(target) }
      }
    }
    for (kind, sections) in items {
      for (section, targets) in sections.sorted(by: { $0.key < $1.key }) {
        try find(targets, in: section, of: kind, documentIDs[kind] ?? [], &orders, connection)
      }
    }
    return orders
  }

  /// Which of these are patients; those that were to be deleted are none any more.
  private func patients(
    _ ids: some Sequence<String>, _ connection: borrowing StoreConnection
  ) throws -> Set<String> {
    var found: Set<String> = []
    try connection.find(
      ids: ids, in: states.collection(of: .patient), projection: ["_fhirline.key": 1]
    ) { patient in
      guard try patient.find(path: "_fhirline.key") != nil, let id = try patient.find("_id")?.text else {
        return
      }
      found.insert(id)
    }
    return found
  }

  /// Finds the documents that hold resources in a section, by the resources' ids.
  ///
  /// - Parameter likely: documents that are asked before all others, which takes long: a resource is in one.
  private func find(
    _ targets: [TargetIndex.Target], in section: String, of kind: DocumentKind, _ likely: [String],
    _ orders: inout Orders, _ connection: borrowing StoreConnection
  ) throws {
    let keys = Set(targets.map(\.key))
    let search = SectionSearch(place: states.place(of: kind), section: section, prefix: prefix)
    try search.find(Set(targets.map(\.id)), lookingFirstIn: likely, connection) { type, id, document in
      let key = type + "/" + id
      guard keys.contains(key) else { return false }
      orders[kind, default: [:]][document, default: []].insert(key)
      return true
    }
  }
}
