import BSON
import DocumentStore
import FHIRMapping

/// What the database has for the searches of a run's entries: that are to be made only where there is none like them, or want what is
/// found deleted.
struct StoredConditions: Sendable {
  let store: DocumentStore
  let states: StoredStates
  let stored: StoredTargets
  let items: SectionItems
  /// Prefix of every `_id`, with its dot.
  let prefix: String

  /// What is found, by search; a search that finds nothing is left out.
  func targets(of searches: [String]) throws -> [String: [TargetIndex.Target]] {
    do {
      return try find(searches)
    } catch {
      throw DocumentLoader.failure(error)
    }
  }

  private func find(_ searches: [String]) throws -> [String: [TargetIndex.Target]] {
    var found: [String: Set<String>] = [:]
    var ofSections: [ItemSearch] = []
    for name in searches {
      guard let search = ItemSearch(name) else { continue }
      let (kind, section) = items.homes.place(ofType: search.type)
      switch search.parameter {
      case .identifier:
        // What has its home in a section is kept on its own as long as its owner is not known.
        for target in stored.documents(named: name) { found[name, default: []].insert(target.id) }
      case .id:
        for id in search.values where try isThere(id, ofType: search.type, kind, isSection: section != nil) {
          found[name, default: []].insert(id)
        }
      }
      if section != nil, try states.hadDocuments(kind) { ofSections.append(search) }
    }
    try items.find(ofSections) { name, id in found[name, default: []].insert(id) }
    return Dictionary(
      uniqueKeysWithValues: found.map { name, ids in
        let type = String(name.prefix { $0 != "?" })
        return (name, ids.sorted().map { TargetIndex.Target(type: type, id: $0) })
      })
  }

  /// Whether there is a resource of an id that has a document of its own.
  private func isThere(
    _ id: String, ofType type: String, _ kind: DocumentKind, isSection: Bool
  ) throws -> Bool {
    let own = kind == .resource || isSection
    let document = own ? "\(type)/\(prefix)\(id)" : prefix + id
    let collection = states.collection(of: own ? .resource : kind)
    return try store.persevering { connection in
      var found = false
      try connection.find(ids: [document], in: collection, projection: ["_fhirline.key": 1]) { document in
        if try document.find(path: "_fhirline.key")?.text == "\(type)/\(id)" { found = true }
      }
      return found
    }
  }
}
