import BSON
import DocumentStore
import FHIRMapping

/// A search by business identifier, or by id.
struct ItemSearch {
  enum Parameter { case identifier, id }

  let name: String
  let type: String
  let parameter: Parameter
  /// The values that an element which is found may have. Where a system has a bar of its own, the name does not tell which of them ends
  /// it.
  let values: [String]

  /// - Parameter name: `Encounter?identifier=system|value`, or `Encounter?_id=value`.
  init?(_ name: String) {
    guard let mark = name.firstIndex(of: "?") else { return nil }
    self.name = name
    type = String(name[..<mark])
    let query = name[name.index(after: mark)...]
    let own = "identifier="
    if query.hasPrefix(TargetIndex.idParameter) {
      parameter = .id
      values = [String(query.dropFirst(TargetIndex.idParameter.count))]
    } else if query.hasPrefix(own), query.contains("|") {
      parameter = .identifier
      let token = query.dropFirst(own.count)
      // Without a system all that is behind the first bar is the value.
      let bars = token.first == "|" ? [token.startIndex] : token.indices.filter { token[$0] == "|" }
      values = bars.map { String(token[token.index(after: $0)...]) }
    } else {
      return nil
    }
  }
}

/// Finds resources in sections of documents by what searches ask for.
///
/// Few references ask so for what stands in sections, and an index of what all of them are called would cost every import as much as the
/// sections themselves: the index of a section is made when an import first asks for something there.
struct SectionItems: Sendable {
  let store: DocumentStore
  let homes: HomePlan
  /// Of every `_id` of the source, with its dot.
  let prefix: String
  /// Where the documents of a kind stand.
  let place: @Sendable (DocumentKind) -> DocumentPlace
  /// Makes the indexes; nil for who only looks.
  var known: StoredCollections?

  private static let searchesPerQuestion = 500

  /// Whether a name asks by an identifier for what stands in a section.
  func isAsked(by name: String) -> Bool {
    guard let mark = name.firstIndex(of: "?"),
      homes.place(ofType: String(name[..<mark])).section != nil
    else { return false }
    return ItemSearch(name)?.parameter == .identifier
  }

  /// A regular expression that the names begin with that ``isAsked(by:)`` takes, and few others.
  var names: String { "^(\(homes.itemTypes.joined(separator: "|")))\\?identifier=" }

  /// Looks for many at once, each only where it may stand.
  ///
  /// - Parameter body: takes the name of a search, and the id of what it finds.
  func find(_ searches: some Sequence<ItemSearch>, _ body: (_ name: String, _ id: String) -> Void) throws {
    var sections: [DocumentKind: [String: [ItemSearch]]] = [:]
    for search in searches {
      let (kind, section) = homes.place(ofType: search.type)
      if let section { sections[kind, default: [:]][section, default: []].append(search) }
    }
    for (kind, sections) in sections {
      for (section, searches) in sections { try find(searches, in: section, place(kind), body) }
    }
  }

  private func find(
    _ searches: [ItemSearch], in section: String, _ place: DocumentPlace,
    _ body: (_ name: String, _ id: String) -> Void
  ) throws {
    var places = [(place.collection, (place.field.map { $0 + "." } ?? "") + section)]
    // The pages of documents of one collection are in it.
    if place.field != nil { places.append((place.pages, section)) }
    let others = prefix.isEmpty ? try SectionSearch.sourcePrefixes(store) : []
    for (collection, path) in places {
      let asksByIdentifier = searches.contains { $0.parameter == .identifier }
      if asksByIdentifier { try known?.ensureIndex(SectionItems.index(of: path), on: collection) }
      var rest = searches[...]
      while !rest.isEmpty {
        let some = rest.prefix(SectionItems.searchesPerQuestion)
        rest = rest.dropFirst(some.count)
        try find(some, at: path, of: place, in: collection, others, body)
      }
    }
  }

  private func find(
    _ searches: ArraySlice<ItemSearch>, at path: String, of place: DocumentPlace, in collection: String,
    _ others: [String], _ body: (_ name: String, _ id: String) -> Void
  ) throws {
    func values(_ parameter: ItemSearch.Parameter) -> [BSONValue] {
      searches.filter { $0.parameter == parameter }.flatMap(\.values).map { .string($0) }
    }
    let conditions = [(SectionItems.valuePath(path), values(.identifier)), (path + ".id", values(.id))]
    let filter = try BSONDocument([
      "$or": .array(
        conditions.filter { !$0.1.isEmpty }.map { path, values in
          .document(BSONFields([.init(path, ["$in": .array(values)])]))
        })
    ])
    let paths = ["id", "resourceType", "identifier", "_fhirline"].map { "\(path).\($0)" }
    let projection = BSONFields(
      (paths + ["chart_id"] + [place.owner].compactMap(\.self)).map { .init($0, .int32(1)) })
    let names = Set(searches.map(\.name))
    let types = Set(searches.map(\.type))
    try store.persevering { connection in
      try connection.find(filter, in: collection, options: FindOptions(projection: projection)) { document in
        guard let own = try document.find("chart_id")?.text ?? place.name(of: document),
          prefix.isEmpty ? !others.contains(where: own.hasPrefix) : own.hasPrefix(prefix)
        else { return }
        try document.find(path: path)?.array?.forEachElement { item in
          guard let resource = item.document, let type = try resource.find("resourceType")?.text,
            types.contains(type), let id = try SectionItems.id(of: resource)
          else { return }
          try SectionItems.eachName(of: resource, type) { name in
            if names.contains(name) { body(name, id) }
          }
        }
      }
    }
  }

  /// Hands over the names of all searches that find a resource.
  private static func eachName(of resource: BSONView, _ type: String, _ body: (String) -> Void) throws {
    if let id = try resource.find("id")?.text { body("\(type)?\(TargetIndex.idParameter)\(id)") }
    func take(_ identifier: BSONView) throws {
      guard let value = try identifier.find("value")?.text else { return }
      let system = try identifier.find("system")?.text
      body(TargetIndex.identifierName(type: type, system: system, value: value))
      if system != nil { body(TargetIndex.identifierName(type: type, system: nil, value: value)) }
    }
    guard let identifiers = try resource.find("identifier") else { return }
    // Some types have one, and no list of them.
    if let single = identifiers.document { try take(single) }
    try identifiers.array?.forEachElement { element in
      if let identifier = element.document { try take(identifier) }
    }
  }

  /// The id of an item of a section: its own, or the one that import gave it.
  private static func id(of resource: BSONView) throws -> String? {
    if let own = try resource.find("id")?.text { return own }
    return try resource.find(path: "_fhirline.key")?.text.flatMap { key in
      key.firstIndex(of: "/").map { String(key[key.index(after: $0)...]) }
    }
  }

  // MARK: Indexes

  private static let valueSuffix = ".identifier.value"

  private static func valuePath(_ section: String) -> String { section + valueSuffix }

  private static func index(of section: String) -> IndexDefinition {
    StoredCollections.index(of: valuePath(section))
  }

  /// Whether an index is one that finds items of a section.
  static func isIndex(on keys: BSONFields) -> Bool {
    keys.fields.count == 1 && keys.fields.allSatisfy { $0.key.hasSuffix(valueSuffix) }
  }
}
