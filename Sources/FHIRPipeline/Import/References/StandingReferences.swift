import BSON
import DocumentStore
import FHIRMapping
import FHIRModel

/// What stored resources' references lead to, where a name alone does not tell any more: several resources go by it by now
/// (`resource:0`, as every SMART Health Card has it).
///
/// A resource that comes in the words in which the stored one came (the same type and id, the same text of the reference) means whom
/// that one means, and stays where it stands. Who says something else is nobody's, as before.
final class StandingReferences {
  private let states: StoredStates
  private let mappings: MappingSet
  private let prefix: String
  /// By resource: what its stored references lead to, by their texts as they came; empty for one that is not stored.
  private var known: [String: [String: String]] = [:]
  /// By name: who goes by it.
  private var owners: [String: Set<String>] = [:]
  /// Hands over the resources that are at hand together with the one asked for.
  var others: (((RecordResource) -> Void) -> Void)?

  init(_ states: StoredStates, _ mappings: MappingSet, prefix: String) {
    self.states = states
    self.mappings = mappings
    self.prefix = prefix
  }

  private static let mostKnown = 20_000
  private static let mostNames = 10
  private static let keysPerQuestion = 2_000

  /// What finds the targets of a resource's references; nil where what is stored of it does not tell more than a resolver knows.
  func resolver(for resource: RecordResource, _ resolver: ReferenceResolver) throws -> ReferenceResolver? {
    guard let stored = resolver.stored, !resolver.knowsStanding else { return nil }
    let targets = try known[resource.key] ?? ask(resource, resolver, stored)
    let standing = targets.filter { stored.isOfSeveral($0.key) }
    return standing.isEmpty ? nil : resolver.with(standing)
  }

  /// Looks for a resource, and for others that will be asked for.
  private func ask(
    _ resource: RecordResource, _ resolver: ReferenceResolver, _ stored: StoredTargets
  ) throws -> [String: String] {
    if known.count > StandingReferences.mostKnown { known = [:] }
    var asked: [DocumentKind: [String: Set<String>]] = [:]
    var names: Set<String> = []
    var count = 0
    func add(_ resource: RecordResource) {
      guard known[resource.key] == nil, count < StandingReferences.keysPerQuestion else { return }
      let found = StandingReferences.names(in: resource, stored)
      guard !found.isEmpty else { return }
      let place = mappings.homes.place(ofType: resource.type)
      known[resource.key] = [:]
      names.formUnion(found)
      asked[place.kind, default: [:]][place.section ?? "", default: []].insert(resource.key)
      count += 1
    }
    add(resource)
    others?(add)
    var owners: Set<String> = []
    for name in names { owners.formUnion(whoAre(named: name, stored)) }
    for (kind, sections) in asked {
      for (section, keys) in sections {
        try states.store.persevering { connection in
          if section.isEmpty {
            try look(forRoots: keys, kind, connection)
          } else {
            try look(for: keys, in: section, kind, of: owners, connection)
          }
        }
      }
    }
    return known[resource.key] ?? [:]
  }

  private func whoAre(named name: String, _ stored: StoredTargets) -> Set<String> {
    if let known = owners[name] { return known }
    if owners.count >= StandingReferences.mostNames { owners = [:] }
    let found = Set(stored.several(named: name).map(\.id))
    owners[name] = found
    return found
  }

  /// The texts of references that several stored resources answer to.
  private static func names(in resource: RecordResource, _ stored: StoredTargets) -> Set<String> {
    let tree = resource.tree
    var names: Set<String> = []
    for node in resource.node..<Int(tree.nodes[resource.node].end)
    where tree.nodes[node].name == KnownNames.r4.reference {
      let text = tree.string(at: node)
      guard text.withUTF8Bytes({ ReferenceText.needsResolving($0.assumingMemoryBound(to: UInt8.self)) }),
        stored.target(named: text) == nil, stored.isOfSeveral(text)
      else { continue }
      names.insert(text)
    }
    return names
  }

  /// Resources that have a document of their own.
  private func look(
    forRoots keys: Set<String>, _ kind: DocumentKind, _ connection: borrowing StoreConnection
  ) throws {
    var ids: [String: String] = [:]
    for key in keys {
      guard let slash = key.firstIndex(of: "/") else { continue }
      let id = prefix + key[key.index(after: slash)...]
      ids[kind == .resource ? key[...slash] + id : id] = key
    }
    try connection.find(Array(ids.keys), at: states.place(of: kind), projection: ["fhir": 1]) {
      id, _, document in
      guard let key = ids[id], let resource = try document.find("fhir")?.document else { return }
      try note(resource, key)
    }
  }

  /// Resources in a section of the documents of those who go by such a name: it is one of theirs that such a resource stands in.
  private func look(
    for keys: Set<String>, in section: String, _ kind: DocumentKind, of owners: Set<String>,
    _ connection: borrowing StoreConnection
  ) throws {
    let place = states.place(of: kind)
    var ids: [String] = []
    for owner in owners { ids.append(try documentID(of: owner, kind)) }
    let path = (place.field.map { $0 + "." } ?? "") + section
    let pages = (place.field.map { $0 + "." } ?? "") + "_fhirline.pages"
    var further: [String] = []
    func take(_ document: BSONView, _ path: String) throws {
      try document.find(path: path)?.array?.forEachElement { item in
        guard let item = item.document, let key = try StandingReferences.key(of: item), keys.contains(key)
        else { return }
        try note(item, key)
      }
    }
    try connection.find(ids, at: place, projection: BSONFields([.init(path, 1), .init(pages, 1)])) {
      id, _, document in
      try take(document, path)
      let count = try StoredContent.pageCount(in: place.document(in: document)?.find("_fhirline")?.document)
      if count > 1 { further += DocumentAssembler.pageIDs(id, count: count).dropFirst() }
    }
    guard !further.isEmpty else { return }
    try connection.find(ids: further, in: place.pages, projection: BSONFields([.init(section, 1)])) {
      try take($0, section)
    }
  }

  private func documentID(of id: String, _ kind: DocumentKind) throws -> String {
    try prefix.isEmpty ? states.unfitIDs.text(of: id, kind) : prefix + id
  }

  /// `Immunization/1`; nil for an application's own that has no id.
  private static func key(of item: BSONView) throws -> String? {
    if let key = try item.find(path: "_fhirline.key")?.text { return key }
    guard let type = try item.find("resourceType")?.text, let id = try item.find("id")?.text else {
      return nil
    }
    return "\(type)/\(id)"
  }

  /// Takes note of what a stored resource's references lead to.
  private func note(_ resource: BSONView, _ key: String) throws {
    var targets: [String: String] = [:]
    var unclear: Set<String> = []
    func look(_ view: BSONView) throws {
      if let written = try view.find("_written")?.text, let text = try view.find("reference")?.text {
        if let other = targets.updateValue(text, forKey: written), other != text { unclear.insert(written) }
      }
      try view.forEachElement { element in
        if let inner = element.document ?? element.array { try look(inner) }
      }
    }
    try look(resource)
    for text in unclear { targets[text] = nil }
    // One that stands in two documents means nobody's.
    if let other = known[key], !other.isEmpty, other != targets { targets = [:] }
    known[key] = targets
  }
}
