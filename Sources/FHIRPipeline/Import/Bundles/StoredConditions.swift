import BSON
import DocumentStore
import FHIRMapping

/// What the database has for the searches of a run's entries: that are to be made only where there is none like them, or want what is
/// found deleted.
struct StoredConditions: Sendable {
  let store: DocumentStore
  let states: StoredStates
  let stored: StoredTargets
  let homes: HomePlan
  /// Prefix of every `_id`, with its dot.
  let prefix: String

  private static let searchesPerQuestion = 500

  /// What is found, by search; a search that finds nothing is left out.
  ///
  /// What stands in sections of documents has no index: all searches are answered in one pass over what there is.
  func targets(of searches: [String]) throws -> [String: [TargetIndex.Target]] {
    do {
      return try find(searches)
    } catch {
      throw DocumentLoader.failure(error)
    }
  }

  private func find(_ searches: [String]) throws -> [String: [TargetIndex.Target]] {
    var found: [String: Set<String>] = [:]
    var sections: [DocumentKind: [String: [Search]]] = [:]
    for name in searches {
      guard let search = Search(name) else { continue }
      let (kind, section) = homes.place(ofType: search.type)
      if search.parameter == .identifier {
        // What has its home in a section is kept on its own as long as its owner is not known.
        for target in stored.all(named: name) { found[name, default: []].insert(target.id) }
      } else if try isThere(search.value, ofType: search.type, kind, isSection: section != nil) {
        found[name, default: []].insert(search.value)
      }
      if let section { sections[kind, default: [:]][section, default: []].append(search) }
    }
    for (kind, sections) in sections where try states.hadDocuments(kind) {
      for (section, searches) in sections {
        try look(for: searches, in: section, of: kind) { name, id in found[name, default: []].insert(id) }
      }
    }
    return Dictionary(
      uniqueKeysWithValues: found.map { name, ids in
        let type = String(name.prefix { $0 != "?" })
        return (name, ids.sorted().map { TargetIndex.Target(type: type, id: $0) })
      })
  }

  /// A search by identifier or by id.
  private struct Search {
    enum Parameter { case identifier, id }

    let name: String
    let type: String
    let parameter: Parameter
    /// nil where any will do.
    let system: String?
    let value: String

    init?(_ name: String) {
      guard let mark = name.firstIndex(of: "?") else { return nil }
      self.name = name
      type = String(name[..<mark])
      let query = name[name.index(after: mark)...]
      let own = "identifier="
      if query.hasPrefix(TargetIndex.idParameter) {
        parameter = .id
        system = nil
        value = String(query.dropFirst(TargetIndex.idParameter.count))
      } else if query.hasPrefix(own), let bar = query.firstIndex(of: "|") {
        parameter = .identifier
        let system = query[..<bar].dropFirst(own.count)
        self.system = system.isEmpty ? nil : String(system)
        value = String(query[query.index(after: bar)...])
      } else {
        return nil
      }
    }

    func isMet(by resource: BSONView) throws -> Bool {
      if parameter == .id { return try resource.find("id")?.text == value }
      var found = false
      try resource.find("identifier")?.array?.forEachElement { element in
        guard let identifier = element.document, try identifier.find("value")?.text == value else { return }
        if try system == nil || identifier.find("system")?.text == system { found = true }
      }
      return found
    }
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

  private func look(
    for searches: [Search], in section: String, of kind: DocumentKind,
    _ body: (_ name: String, _ id: String) -> Void
  ) throws {
    let place = states.place(of: kind)
    let others = prefix.isEmpty ? try SectionSearch.sourcePrefixes(store) : []
    var places = [(place.collection, (place.field.map { $0 + "." } ?? "") + section)]
    if place.field != nil { places.append((place.pages, section)) }
    var rest = searches[...]
    while !rest.isEmpty {
      let some = rest.prefix(StoredConditions.searchesPerQuestion)
      rest = rest.dropFirst(some.count)
      for (collection, path) in places {
        func values(_ parameter: Search.Parameter) -> BSONValue {
          ["$in": .array(some.filter { $0.parameter == parameter }.map { .string($0.value) })]
        }
        let filter = try BSONDocument([
          "$or": [
            .document([path + ".identifier.value": values(.identifier)]),
            .document([path + ".id": values(.id)]),
          ]
        ])
        let projection: BSONFields = [
          "chart_id": 1, path + ".id": 1, path + ".resourceType": 1, path + ".identifier": 1,
          path + "._fhirline": 1,
        ]
        try store.persevering { connection in
          try connection.find(filter, in: collection, options: FindOptions(projection: projection)) {
            document in
            guard let own = try document.find("chart_id")?.text ?? document.find("_id")?.text,
              prefix.isEmpty ? !others.contains(where: own.hasPrefix) : own.hasPrefix(prefix)
            else { return }
            try document.find(path: path)?.array?.forEachElement { item in
              guard let resource = item.document, let type = try resource.find("resourceType")?.text,
                let id = try StoredConditions.id(of: resource)
              else { return }
              for search in some where search.type == type {
                if try search.isMet(by: resource) { body(search.name, id) }
              }
            }
          }
        }
      }
    }
  }

  /// The id of an item of a section: its own, or the one that import gave it.
  private static func id(of resource: BSONView) throws -> String? {
    if let own = try resource.find("id")?.text { return own }
    return try resource.find(path: "_fhirline.key")?.text.flatMap { key in
      key.firstIndex(of: "/").map { String(key[key.index(after: $0)...]) }
    }
  }
}
