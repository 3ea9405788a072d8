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
  /// Takes whose names may still be shown; nil where nothing is deleted.
  var formerNames: FormerNames?

  var search: DeletionSearch { DeletionSearch(states: states, mappings: mappings, prefix: prefix) }

  static let notImported = "the document is the application's own: what was not imported is not deleted"

  private static let documentsPerBatch = 1000

  /// Deletes resources, but for those that are newer than what was deleted.
  ///
  /// - Returns: how many were deleted.
  func run(
    _ batches: Deletions.Batches, gone: Deletions.Gone, refused: Deletions.Refused
  ) throws -> Int {
    var deleted = 0
    try search.forEachBatch(store, of: batches) { found, targets in
      try formerNames?.note(cameAmong: targets, store)
      for (kind, documents) in found.sorted(by: { $0.key < $1.key }) {
        let copies = CopiedCharts(kind, states, assembler)
        let loader = loader(of: kind, hasTransactions: store.server.hasTransactions, copies)
        var ids = documents.keys.sorted()[...]
        while !ids.isEmpty {
          let next = ids.prefix(DeletionRun.documentsPerBatch)
          ids = ids.dropFirst(next.count)
          let asked = Dictionary(uniqueKeysWithValues: next.map { ($0, documents[$0] ?? []) })
          let due = try sparingNewer(asked, of: kind, gone)
          let uncopied = try store.persevering { connection in
            try remove(due.sorted { $0.key < $1.key }[...], of: kind, loader, copies, connection) {
              keys, removal in
              switch removal {
              case .removed(let count): deleted += count
              case .left: if !keys.isEmpty { refused(keys, DeletionRun.notImported) }
              case .refused(let reason): refused(keys, DeletionRun.refusal(reason))
              }
            }
          }
          states.tell(uncopied)
        }
      }
    }
    return deleted
  }

  /// Deletes resources within a transaction.
  ///
  /// - Parameter likely: documents that are likely to hold them.
  /// - Returns: how many were deleted, and charts whose copies stay others.
  func run(
    _ targets: [TargetIndex.Target], lookingFirstIn likely: [DocumentKind: [String]],
    _ connection: borrowing StoreConnection
  ) throws -> (deleted: Int, uncopied: [UncopiedChart]) {
    var deleted = 0
    var uncopied: [UncopiedChart] = []
    let found = try search.documents(holding: targets, lookingFirstIn: likely, connection)
    for (kind, documents) in found.sorted(by: { $0.key < $1.key }) {
      let copies = CopiedCharts(kind, states, assembler)
      let loader = loader(of: kind, hasTransactions: false, copies)
      uncopied += try remove(
        documents.sorted { $0.key < $1.key }[...], of: kind, loader, copies, connection
      ) { keys, removal in
        switch removal {
        case .removed(let count): deleted += count
        // The chart of a patient who goes may be an application's own, and stays.
        case .left where keys.isEmpty: break
        case .left: throw BundleTransaction.Failure.deletion(keys, DeletionRun.notImported)
        case .refused(let reason):
          throw BundleTransaction.Failure.deletion(keys, DeletionRun.refusal(reason))
        }
      }
    }
    return (deleted, uncopied)
  }

  /// What is left to be taken out of documents when what is newer than the version that was deleted stays: who reads an old history
  /// after newer data loses nothing by it.
  ///
  /// - Parameter documents: the keys of what is to be taken out of each.
  func sparingNewer(
    _ documents: [String: Set<String>], of kind: DocumentKind, _ gone: Deletions.Gone
  ) throws -> [String: Set<String>] {
    let asked = documents.filter { $0.value.contains { gone($0) != nil } }.map(\.key)
    guard !asked.isEmpty else { return documents }
    let loader = CollectionLoader(reading: kind, states, assembler)
    return try store.persevering { connection in
      var left = documents
      try loader.forEachDraft(of: asked, kind, connection) { id, draft in
        let newer = documents[id]?.filter { key in
          guard let gone = gone(key), let stored = draft.version(ofResource: key) else { return false }
          return gone.isOlder(than: stored)
        }
        guard let newer, !newer.isEmpty else { return }
        left[id]?.subtract(newer)
        if left[id]?.isEmpty == true { left[id] = nil }
      }
      return left
    }
  }

  static func refusal(_ reason: String) -> String { "MongoDB refuses the document without it: \(reason)" }

  private func loader(
    of kind: DocumentKind, hasTransactions: Bool, _ copies: CopiedCharts
  ) -> CollectionLoader {
    var loader = CollectionLoader(
      place: states.place(of: kind), assembler: assembler, hasTransactions: hasTransactions,
      counted: { _ in }, refused: { _, _ in }, departures: departures)
    copies.attend(to: &loader)
    return loader
  }

  /// - Parameter body: takes the keys that were to be taken out of a document, and what became of that.
  /// - Returns: charts whose copies stay others.
  private func remove(
    _ documents: ArraySlice<(key: String, value: Set<String>)>, of kind: DocumentKind,
    _ loader: CollectionLoader, _ copies: CopiedCharts, _ connection: borrowing StoreConnection,
    _ body: (_ keys: Set<String>, CollectionLoader.Removal) throws -> Void
  ) throws -> [UncopiedChart] {
    if kind == .resource { try formerNames?.note(documents.lazy.flatMap(\.value), connection) }
    // Who stays keeps the chart, if an empty one.
    let staying = kind == .chart ? try states.patients(among: documents.map(\.key), connection) : []
    let done = try loader.remove(
      Dictionary(uniqueKeysWithValues: documents.map { ($0.key, $0.value) }), of: kind,
      keepsEmpty: staying.contains, connection)
    var changed: [String] = []
    for (id, keys) in documents {
      let removal =
        try done[id]
        ?? loader.remove(keys, from: id, of: kind, keepsEmpty: staying.contains(id), connection)
      if case .removed = removal { changed.append(id) }
      try body(keys, removal)
    }
    return try changed.isEmpty ? [] : copies.update(changed, connection)
  }

  // MARK: What would be deleted

  /// A resource that is to be deleted, and the document that holds it.
  struct Holding: Sendable, Comparable {
    let resource: String
    let kind: DocumentKind
    let collection: String
    let document: String

    static func < (a: Holding, b: Holding) -> Bool {
      (a.kind, a.document, a.resource) < (b.kind, b.document, b.resource)
    }
  }

  /// Which resources are there, of those that were found.
  func holdings(_ found: DeletionSearch.Found) throws -> [Holding] {
    var holdings: [Holding] = []
    for (kind, documents) in found {
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
      for (id, keys) in asked {
        for key in keys {
          // A section's resource was looked for where it is.
          let isThere = kind == .resource || isRoot(key) ? roots[id] == key : roots[id] != nil
          guard isThere else { continue }
          holdings.append(Holding(resource: key, kind: kind, collection: place.name, document: id))
        }
      }
    }
    return holdings
  }

  private func isRoot(_ key: String) -> Bool {
    mappings.homes.place(ofType: String(key.prefix { $0 != "/" })).section == nil
  }
}
