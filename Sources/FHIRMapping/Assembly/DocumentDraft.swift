import BSON

/// A document while it is put together: root, sections by key, links, and what the application keeps beside them.
struct DocumentDraft {
  let kind: DocumentKind
  let id: String
  var root: Root?
  /// Items by section, then by resource key.
  var sections: [String: [String: [UInt8]]] = [:]
  var appointments: [String: AppointmentLink] = [:]
  /// Elements of the stored document but for sections, residual and bookkeeping: fields, and the application's own.
  var others = BSONFields()
  /// Whether merging parts changed anything.
  private(set) var isChanged = false
  /// By field: what stands for the value that import wrote.
  var marks: [String: Int32] = [:]
  /// The stored document's `_fhirline.hash`.
  var hash: String?
  /// The stored document's residual, as long as no part replaces the root.
  var residual: BSONDocument?

  struct Root {
    var key: String
    var bytes: [UInt8]
    var names: [String]
    /// Digest of the root as it was imported; edits in the database do not change it.
    var digest: String
  }

  init(kind: DocumentKind, id: String) {
    self.kind = kind
    self.id = id
  }

  // MARK: Merging

  /// Adds parts; of two for one resource the newer counts, else the later.
  mutating func merge(_ parts: [Part]) -> [DocumentAssembler.Outcome?] {
    var outcomes = [DocumentAssembler.Outcome?](repeating: nil, count: parts.count)
    var winners: [String: Int] = [:]
    let order = parts.indices.sorted { parts[$0].sequence < parts[$1].sequence }
    for index in order {
      switch parts[index].content {
      case .appointment(let link):
        if appointments.updateValue(link, forKey: link.id) != link { isChanged = true }
      case .root(let resource, _), .section(_, let resource):
        if let known = winners[resource.key],
          ResourceVersion.isOlder(resource.bytes, than: bytes(of: parts[known]))
        {
          continue
        }
        winners[resource.key] = index
      }
    }
    for (_, index) in winners {
      let outcome = put(parts[index])
      outcomes[index] = outcome
      if outcome != .unchanged { isChanged = true }
    }
    // A part that lost to another of the same input: its resource is in the document in the winner's form.
    for index in order where outcomes[index] == nil {
      guard case .some(let resource) = parts[index].resource, let winner = winners[resource.key] else {
        continue
      }
      let same = outcomes[winner] == .unchanged || resource.bytes == bytes(of: parts[winner])
      outcomes[index] = same ? .unchanged : .replaced
    }
    return outcomes
  }

  private mutating func put(_ part: Part) -> DocumentAssembler.Outcome {
    switch part.content {
    case .appointment: return .unchanged
    case .root(let resource, let names):
      let digest = DocumentDraft.digest(resource.bytes)
      guard let stored = root else {
        root = Root(
          key: resource.key, bytes: resource.bytes, names: Array(Set(names)).sorted(), digest: digest)
        return .inserted
      }
      // The same resource again: what the application changed since stays.
      if stored.digest == digest || ResourceEquality.isSame(stored: stored.bytes, incoming: resource.bytes) {
        let union = Array(Set(stored.names + names)).sorted()
        if union != stored.names { isChanged = true }
        root?.names = union
        return .unchanged
      }
      if ResourceVersion.isOlder(resource.bytes, than: stored.bytes) { return .unchanged }
      residual = nil
      root = Root(
        key: resource.key, bytes: resource.bytes, names: Array(Set(stored.names + names)).sorted(),
        digest: digest)
      return .replaced
    case .section(let section, let resource):
      let stored = sections[section]?[resource.key]
      if let stored {
        if ResourceEquality.isSame(stored: stored, incoming: resource.bytes)
          || ResourceVersion.isOlder(resource.bytes, than: stored)
        {
          return .unchanged
        }
      }
      sections[section, default: [:]][resource.key] = resource.bytes
      return stored == nil ? .inserted : .replaced
    }
  }

  private func bytes(of part: Part) -> [UInt8] { part.resource?.bytes ?? [] }

  static func digest(_ bytes: [UInt8]) -> String {
    var digest = ContentDigest()
    bytes.withUnsafeBytes { digest.add($0) }
    return digest.text
  }

  // MARK: Content

  var sortedAppointments: [AppointmentLink] { appointments.values.sorted() }

  /// Lends the content to the mapping.
  func withContent<R>(_ body: (DocumentContent) throws -> R) throws -> R {
    var holders: [BSONDocument] = []
    var sectionRanges: [(name: String, range: Range<Int>)] = []
    for (name, items) in sections.sorted(by: { $0.key < $1.key }) {
      let start = holders.count
      for (_, bytes) in items.sorted(by: { $0.key < $1.key }) { holders.append(try BSONDocument(bytes)) }
      sectionRanges.append((name, start..<holders.count))
    }
    let rootDocument = try root.map { try BSONDocument($0.bytes) }
    // The arrays' storage stays where it is as long as `holders` and `rootDocument` live.
    return try withExtendedLifetime((holders, rootDocument)) {
      let views = holders.map { document in document.withView { $0 } }
      let content = DocumentContent(
        kind: kind, id: id, root: rootDocument?.withView { $0 },
        sections: sectionRanges.map { DocumentContent.Section(name: $0.name, items: Array(views[$0.range])) },
        appointments: sortedAppointments, rootKey: root?.key)
      return try body(content)
    }
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
