import BSON

/// A document while it is put together: root, sections by key, links, and what the application keeps beside them.
struct DocumentDraft {
  let kind: DocumentKind
  let id: String
  var root: Root?
  /// In the order of their names.
  var sections: [DraftSection] = []
  var appointments: [String: AppointmentLink] = [:]
  /// Elements of the stored document but for sections, residual and bookkeeping: fields, and the application's own.
  var others = BSONFields()
  /// Whether the stored document is no longer as it ought to be.
  var isChanged = false
  /// By field: what stands for the value that import wrote.
  var marks: [String: Int32] = [:]
  /// The stored document's `_fhirline.hash`.
  var hash: String?
  /// The stored document's residual, as long as no part replaces the root.
  var residual: BSONDocument?

  struct Root {
    var key: String
    var bytes: SharedBytes
    var names: [String]
    /// Digest of the root as it was imported; edits in the database do not change it.
    var digest: String
    var origin: Origin
  }

  init(kind: DocumentKind, id: String) {
    self.kind = kind
    self.id = id
  }

  // MARK: Merging

  /// Adds parts; of two for one resource the newer counts, else the later.
  mutating func merge(_ parts: [Part]) -> [DocumentAssembler.Outcome?] {
    var outcomes = [DocumentAssembler.Outcome?](repeating: nil, count: parts.count)
    var arrivals: [DraftSection.Arrivals] = []
    var contests: [(parts: ArraySlice<(key: String, part: Int)>, winner: Int)] = []
    let order = inOrder(parts)
    var at = 0
    while at < order.count {
      let start = at
      let key = order[at].key
      var winner = order[at].part
      at += 1
      while at < order.count, order[at].key == key {
        let next = order[at].part
        if let a = parts[next].resource, let b = parts[winner].resource,
          !ResourceVersion.isOlder(a.bytes, than: b.bytes)
        {
          winner = next
        }
        at += 1
      }
      switch parts[winner].content {
      case .appointment: break
      case .root(let resource, let names):
        outcomes[winner] = put(root: resource, names: names, parts[winner].origin)
      case .section(let section, let resource):
        // Types come one after another, and each has its section.
        let number = arrivals.lastIndex { $0.section == section } ?? arrivals.count
        if number == arrivals.count { arrivals.append(DraftSection.Arrivals(section: section)) }
        let item = DraftSection.Item(key: key, bytes: resource.bytes, origin: parts[winner].origin)
        arrivals[number].items.append((item, winner))
      }
      if at - start > 1 { contests.append((order[start..<at], winner)) }
    }
    for arrivals in arrivals {
      changeSection(arrivals.section) { $0.merge(arrivals) { outcomes[$0] = $1 } }
    }
    if outcomes.contains(where: { $0 == .inserted || $0 == .replaced }) { isChanged = true }
    // A part that lost to another of the same input: its resource is in the document in the winner's form.
    for (entries, winner) in contests {
      for entry in entries where entry.part != winner {
        let isSame =
          outcomes[winner] == .unchanged
          || parts[entry.part].resource?.bytes == parts[winner].resource?.bytes
        outcomes[entry.part] = isSame ? .unchanged : .replaced
      }
    }
    return outcomes
  }

  /// The parts with resources in the order of their keys, those of one key in the order in which they came; takes
  /// links on the way.
  private mutating func inOrder(_ parts: [Part]) -> [(key: String, part: Int)] {
    var order = Array(parts.indices)
    if zip(parts, parts.dropFirst()).contains(where: { $0.sequence > $1.sequence }) {
      order.sort { parts[$0].sequence < parts[$1].sequence }
    }
    var resources: [(key: String, part: Int)] = []
    resources.reserveCapacity(parts.count)
    for index in order {
      switch parts[index].content {
      case .appointment(let link):
        if appointments.updateValue(link, forKey: link.id) != link { isChanged = true }
      case .root(let resource, _), .section(_, let resource): resources.append((resource.key, index))
      }
    }
    // Sorting is stable.
    resources.sort { $0.key < $1.key }
    return resources
  }

  /// Lends a section for a change; makes it where there is none.
  mutating func changeSection(_ name: String, _ body: (inout DraftSection) -> Void) {
    let number = sections.firstIndex { $0.name >= name } ?? sections.count
    if number == sections.count || sections[number].name != name {
      sections.insert(DraftSection(name: name), at: number)
    }
    body(&sections[number])
  }

  private mutating func put(
    root resource: Part.Resource, names: [String], _ origin: Origin
  ) -> DocumentAssembler.Outcome {
    let digest = DocumentDraft.digest(resource.bytes)
    guard let stored = root else {
      root = Root(
        key: resource.key, bytes: resource.bytes, names: DocumentDraft.union(names), digest: digest,
        origin: origin)
      return .inserted
    }
    // The same resource again: what the application changed since stays.
    if stored.digest == digest || ResourceEquality.isSame(stored: stored.bytes, incoming: resource.bytes) {
      let union = DocumentDraft.union(stored.names + names)
      if union != stored.names { isChanged = true }
      root?.names = union
      return .unchanged
    }
    if ResourceVersion.isOlder(resource.bytes, than: stored.bytes) { return .unchanged }
    residual = nil
    root = Root(
      key: resource.key, bytes: resource.bytes, names: DocumentDraft.union(stored.names + names),
      digest: digest, origin: origin)
    return .replaced
  }

  private static func union(_ names: [String]) -> [String] {
    names.count < 2 ? names : Set(names).sorted()
  }

  static func digest(_ bytes: SharedBytes) -> String {
    var digest = ContentDigest()
    bytes.withUnsafeBytes { digest.add($0) }
    return digest.text
  }

  // MARK: Content

  var origins: OriginList {
    OriginList(root: root?.origin, sections: sections.map { $0.items.map(\.origin) })
  }

  var sortedAppointments: [AppointmentLink] { appointments.values.sorted() }

  /// Lends the content to the mapping.
  func withContent<R>(_ body: (DocumentContent) throws -> R) throws -> R {
    // The items' bytes stay where they are as long as the draft lives.
    return try withExtendedLifetime(self) {
      let sections = try sections.map { section in
        DocumentContent.Section(
          name: section.name, items: try section.items.map { try DocumentDraft.view($0.bytes) })
      }
      let content = DocumentContent(
        kind: kind, id: id, root: try root.map { try DocumentDraft.view($0.bytes) }, sections: sections,
        appointments: sortedAppointments, rootKey: root?.key)
      return try body(content)
    }
  }

  /// A view that is valid as long as the bytes are held.
  private static func view(_ bytes: SharedBytes) throws -> BSONView {
    try bytes.withUnsafeBytes { try BSONView($0) }
  }
}

extension Part {
  /// The part's resource; nil for a link.
  package var resource: Resource? {
    switch content {
    case .root(let resource, _), .section(_, let resource): resource
    case .appointment: nil
    }
  }
}
