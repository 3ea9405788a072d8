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

  private static let idsPerQuestion = 1000

  /// The keys to be taken out of a document.
  private typealias Orders = [DocumentKind: [String: Set<String>]]

  /// - Returns: how many resources were deleted.
  func run(_ targets: [TargetIndex.Target]) throws -> Int {
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
        try find(targets, in: section, of: kind, &orders)
      }
    }
    var deleted = 0
    for (kind, documents) in orders.sorted(by: { $0.key < $1.key }) {
      let loader = CollectionLoader(
        place: states.place(of: kind), assembler: assembler, hasTransactions: store.server.hasTransactions,
        counted: { _ in }, refused: { _, _ in })
      // A patient who stays keeps the chart, if an empty one.
      let patients = kind == .chart ? try patients(documents.keys) : []
      for (id, keys) in documents.sorted(by: { $0.key < $1.key }) {
        deleted += try store.persevering { connection in
          try loader.remove(keys, from: id, of: kind, keepsEmpty: patients.contains(id), connection)
        }
      }
    }
    return deleted
  }

  /// Which of these are patients; those that were to be deleted are none any more.
  private func patients(_ ids: some Sequence<String>) throws -> Set<String> {
    var found: Set<String> = []
    try store.persevering { connection in
      try connection.find(
        ids: ids, in: states.collection(of: .patient), projection: ["_fhirline.key": 1]
      ) { patient in
        guard try patient.find(path: "_fhirline.key") != nil, let id = try patient.find("_id")?.text else {
          return
        }
        found.insert(id)
      }
    }
    return found
  }

  /// Finds the documents that hold resources in a section, by the resources' ids.
  private func find(
    _ targets: [TargetIndex.Target], in section: String, of kind: DocumentKind, _ orders: inout Orders
  ) throws {
    let place = states.place(of: kind)
    let path = (place.field.map { $0 + "." } ?? "") + section + ".id"
    let places =
      place.field == nil
      ? [(place.collection, path)]
      : [
        (place.collection, path), (place.pages, section + ".id"),
      ]
    var rest = targets[...]
    while !rest.isEmpty {
      let some = rest.prefix(DeletionRun.idsPerQuestion)
      rest = rest.dropFirst(DeletionRun.idsPerQuestion)
      let keys = Set(some.map(\.key))
      for (collection, path) in places {
        let filter = try BSONDocument([path: ["$in": .array(some.map { .string($0.id) })]])
        var found: Set<String> = []
        try store.persevering { connection in
          try connection.find(
            filter, in: collection, options: FindOptions(projection: ["_id": 1, "chart_id": 1])
          ) { document in
            // A further page names the document that it belongs to.
            if let id = try document.find("chart_id")?.text ?? document.find("_id")?.text { found.insert(id) }
          }
        }
        for id in found { orders[kind, default: [:]][id, default: []].formUnion(keys) }
      }
    }
  }
}
