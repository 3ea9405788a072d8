import BSON
import DocumentStore
import FHIRMapping

/// Finds the documents that hold resources which are to be deleted.
struct DeletionSearch {
  let states: StoredStates
  let mappings: MappingSet
  /// Prefix of every `_id`, with its dot.
  let prefix: String

  /// The keys of the resources to be taken out of a document, by kind and `_id`. A chart of whom nothing is to be taken out is
  /// looked at as well where its patient goes: it is nobody's, if nothing is in it.
  typealias Found = [DocumentKind: [String: Set<String>]]

  /// Resources in sections that are looked for at once: their documents are remembered meanwhile.
  private static let mostInSections = 50_000

  /// Which documents hold resources, as they are stored.
  ///
  /// - Parameter likely: documents that are asked before all others; see ``SectionSearch``.
  func documents(
    holding targets: [TargetIndex.Target], lookingFirstIn likely: [DocumentKind: [String]] = [:],
    _ connection: borrowing StoreConnection
  ) throws -> Found {
    var found = try documentsOfTheirOwn(targets, connection)
    var sections: [Section: [TargetIndex.Target]] = [:]
    for target in targets {
      if let section = section(ofType: target.type) { sections[section, default: []].append(target) }
    }
    for (section, targets) in sections {
      let keys = Set(targets.map(\.key))
      let search = SectionSearch(
        place: states.place(of: section.kind), section: section.name, types: Set(targets.map(\.type)),
        prefix: prefix)
      try search.find(
        Set(targets.map(\.id)), lookingFirstIn: likely[section.kind] ?? [], connection
      ) { type, id, document in
        let key = type + "/" + id
        guard keys.contains(key) else { return false }
        found[section.kind, default: [:]][document, default: []].insert(key)
        return true
      }
    }
    return found
  }

  /// Hands over which documents hold resources, some at a time, however many resources there are: first those of resources that have one
  /// of their own, with the targets among which they were looked for; then those that hold others, in which nothing may be
  /// changed by anything but the body.
  ///
  /// - Parameter batches: what is looked for.
  func forEachBatch(
    _ store: DocumentStore, of batches: some Sequence<[TargetIndex.Target]>,
    _ body: (_ found: Found, _ targets: [TargetIndex.Target]) throws -> Void
  ) throws {
    var sections: [Section: Sought] = [:]
    for targets in batches {
      for target in targets {
        if let section = section(ofType: target.type) { sections[section, default: Sought()].add(target) }
      }
      if Interruption.isAsked { throw PipelineFailure.interrupted }
      try body(store.persevering { try documentsOfTheirOwn(targets, $0) }, targets)
    }
    for (section, all) in sections {
      var sought = all
      var hasMore = true
      // All is gone through again for more: what is taken out of a chart may shift what stands on its pages.
      while hasMore {
        if Interruption.isAsked { throw PipelineFailure.interrupted }
        let found: [String: Set<String>]
        (found, hasMore) = try store.persevering {
          try documents(holding: sought, in: section, at: states.place(of: section.kind), $0)
        }
        if !found.isEmpty { try body([section.kind: found], []) }
        for key in found.values.joined() { sought.remove(key) }
      }
      guard let copies = copies(of: section.kind) else { continue }
      // Nothing is to be taken out of the documents themselves.
      let stale = try store.persevering { try documents(holding: all, in: section, at: copies, $0).found }
      if !stale.isEmpty { try body([section.kind: stale.mapValues { _ in [] }], []) }
    }
  }

  // MARK: Documents of resources' own

  private func documentsOfTheirOwn(
    _ targets: [TargetIndex.Target], _ connection: borrowing StoreConnection
  ) throws -> Found {
    var asked: Found = [:]
    for target in targets {
      let (kind, section) = mappings.homes.place(ofType: target.type)
      if kind != .resource, section == nil {
        asked[kind, default: [:]][prefix + target.id, default: []].insert(target.key)
        if kind == .patient { asked[.chart, default: [:]][prefix + target.id, default: []] = [] }
      } else {
        // What has its home in a section is kept on its own as long as its owner is not known.
        asked[.resource, default: [:]]["\(target.type)/\(prefix)\(target.id)", default: []].insert(target.key)
      }
    }
    var found: Found = [:]
    for (kind, documents) in asked {
      let ids = Array(documents.keys)
      var present = try StoredState.states(of: ids, in: states.place(of: kind), connection)
      if let copies = copies(of: kind) {
        present.merge(try StoredState.states(of: ids, in: copies, connection)) { own, _ in own }
      }
      let held = documents.filter { present[$0.key] != nil }
      if !held.isEmpty { found[kind] = held }
    }
    return found
  }

  /// Where copies of the documents of a kind stand. An import that was killed may have left in them what is deleted already.
  private func copies(of kind: DocumentKind) -> DocumentPlace? {
    kind == .chart && states.layout == .both ? states.embeddedCharts : nil
  }

  // MARK: Sections

  private struct Section: Hashable {
    let kind: DocumentKind
    let name: String
  }

  private func section(ofType type: String) -> Section? {
    let (kind, section) = mappings.homes.place(ofType: type)
    return section.map { Section(kind: kind, name: $0) }
  }

  /// Resources that are looked for in a section.
  private struct Sought {
    /// Hashes of their keys.
    private(set) var hashes: Set<UInt64> = []
    /// Their ids; nil where they are too many for a question.
    private(set) var ids: Set<String>? = []
    private(set) var types: Set<String> = []

    mutating func add(_ target: TargetIndex.Target) {
      hashes.insert(NameHash.of(target.key))
      ids?.insert(target.id)
      types.insert(target.type)
      if ids?.count ?? 0 > SectionSearch.idsPerQuestion { ids = nil }
    }

    mutating func remove(_ key: String) { hashes.remove(NameHash.of(key)) }
  }

  private func documents(
    holding sought: Sought, in section: Section, at place: DocumentPlace,
    _ connection: borrowing StoreConnection
  ) throws -> (found: [String: Set<String>], hasMore: Bool) {
    let search = SectionSearch(place: place, section: section.name, types: sought.types, prefix: prefix)
    var found: [String: Set<String>] = [:]
    if let ids = sought.ids {
      try search.find(ids, lookingFirstIn: [], connection) { type, id, document in
        let key = type + "/" + id
        guard sought.hashes.contains(NameHash.of(key)) else { return false }
        found[document, default: []].insert(key)
        return true
      }
      return (found, false)
    }
    var count = 0
    var hasMore = false
    try search.eachKey(connection) { key, document in
      guard sought.hashes.contains(key.withUnsafeBytes { NameHash.of($0) }) else { return }
      guard count < DeletionSearch.mostInSections else {
        hasMore = true
        return
      }
      count += 1
      found[document, default: []].insert(String(decoding: key, as: UTF8.self))
    }
    return (found, hasMore)
  }
}
