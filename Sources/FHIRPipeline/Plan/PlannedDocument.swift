import BSON
package import FHIRMapping

/// A document as an import would leave it, against the one that is stored.
package struct PlannedDocument: Sendable {
  package enum Fate: String, Sendable, CaseIterable, BitwiseCopyable {
    /// A field that the application wrote would get another value.
    case conflict
    case replace, insert, unchanged
    /// MongoDB would not take it: it stays as it is, or away.
    case refused
  }

  package var kind: DocumentKind
  package var collection: String
  package var id: String
  package var fate: Fate
  /// Fields that would change.
  package var fields: [ValueDifference] = []
  /// Those of them that the application wrote.
  package var edited: Set<String> = []
  /// By resource: its elements that would change; nil for one that is new.
  package var resources: [(key: String, differences: [ValueDifference]?)] = []
  /// Resources that would leave it for another document.
  package var leaving: [String] = []
  /// Resources that would be deleted.
  package var deleted: [String] = []
  /// There are more differences than are held.
  package var hasMore = false

  /// How many differences of a document are held.
  private static let most = 100

  /// The differences of two documents, given with all their pages.
  init(
    kind: DocumentKind, collection: String, id: String, stored: [BSONDocument], planned: [BSONDocument],
    mappings: MappingSet
  ) throws {
    self.kind = kind
    self.collection = collection
    self.id = id
    fate = .replace
    guard let old = stored.first, let new = planned.first else { return }
    try old.withView { old in
      try new.withView { new in
        if let plan = mappings.plan(kind) {
          try compareFields(old, new, plan)
          try compare(
            root: plan.wholeRoot(ofStored: old), plan.wholeRoot(ofStored: new))
        } else {
          try compare(
            root: old.find("fhir")?.document.map(BSONFields.init),
            new.find("fhir")?.document.map(BSONFields.init))
        }
      }
    }
    try compareSections(stored, planned)
    if !edited.isEmpty { fate = .conflict }
  }

  init(kind: DocumentKind, collection: String, id: String, fate: Fate) {
    self.kind = kind
    self.collection = collection
    self.id = id
    self.fate = fate
  }

  private var count: Int { fields.count + resources.reduce(0) { $0 + max(1, $1.differences?.count ?? 1) } }

  private mutating func compareFields(_ old: BSONView, _ new: BSONView, _ plan: DocumentPlan) throws {
    let written = try plan.editedFields(in: old)
    for name in plan.fieldNames {
      let before = try old.find(string: name).map(BSONValue.init)
      let after = try new.find(string: name).map(BSONValue.init)
      guard before != after else { continue }
      let kind: ValueDifference.Kind = before == nil ? .added : after == nil ? .removed : .changed
      fields.append(ValueDifference(path: name, kind: kind, before: before, after: after))
      // What only appears overwrites nothing, unless it had been taken away.
      guard written.contains(name) else { continue }
      let wasThere = try before != nil || plan.wasWritten(name, in: old)
      if wasThere { edited.insert(name) }
    }
  }

  private mutating func compare(root old: BSONFields?, _ new: BSONFields?) {
    let differences = ValueDifference.of(resource: old, new, most: PlannedDocument.most + 1)
    guard !differences.isEmpty else { return }
    let resource = new ?? old
    let key = "\(resource?["resourceType"]?.text ?? "")/\(resource?["id"]?.text ?? id)"
    if differences.count > PlannedDocument.most { hasMore = true }
    resources.append((key, old == nil ? nil : Array(differences.prefix(PlannedDocument.most))))
  }

  /// Sections by their items' keys; an item that is gone cannot be, for imports take nothing away.
  ///
  /// What differs is found by digests, and read afterwards: a chart may be larger than memory is to be.
  private mutating func compareSections(_ stored: [BSONDocument], _ planned: [BSONDocument]) throws {
    var items = SortedItems()
    let place = items.place(of: "")
    for (mark, pages) in [("\0a", stored), ("\0b", planned)] {
      for page in pages {
        try PlannedDocument.forEachItem(of: page, in: id) { key, bytes in
          try items.add(key + mark, bytes.withUnsafeBytes { ContentDigest.words(of: $0) }, to: place)
        }
      }
    }
    try items.finish()
    var wanted: Set<String> = []
    var before: (key: String, words: ContentDigest.Words)?
    let room = PlannedDocument.most - count
    try items.forEach { step in
      guard case .item(let marked, let words) = step else { return }
      let key = String(decoding: marked.dropLast(2), as: UTF8.self)
      guard marked.last == UInt8(ascii: "b") else { return before = (key, words) }
      if let before, before.key == key, before.words == words { return }
      if wanted.count < room { wanted.insert(key) } else { hasMore = true }
    }
    if !wanted.isEmpty { try compare(wanted, stored, planned) }
  }

  private mutating func compare(
    _ wanted: Set<String>, _ stored: [BSONDocument], _ planned: [BSONDocument]
  ) throws {
    var old: [String: BSONFields] = [:]
    for page in stored {
      try PlannedDocument.forEachItem(of: page, in: id) { key, bytes in
        guard wanted.contains(key) else { return }
        old[key] = try bytes.withUnsafeBytes { try BSONFields(try BSONView($0)) }
      }
    }
    for page in planned {
      try PlannedDocument.forEachItem(of: page, in: id) { key, bytes in
        guard wanted.contains(key) else { return }
        let room = PlannedDocument.most - count
        guard room > 0 else { return hasMore = true }
        guard let before = old[key] else { return resources.append((key, nil)) }
        let after = try bytes.withUnsafeBytes { try BSONFields(try BSONView($0)) }
        let differences = ValueDifference.of(resource: before, after, most: room + 1)
        if differences.count > room { hasMore = true }
        if !differences.isEmpty { resources.append((key, Array(differences.prefix(room)))) }
      }
    }
  }

  private static func forEachItem(
    of page: BSONDocument, in owner: String, _ body: (String, SharedBytes) throws -> Void
  ) throws {
    defer { page.shared.mapped?.release() }
    try page.withView { view in
      try StoredContent.forEachItem(of: view, in: owner) { key, item in
        try body(key, page.shared.part(item))
      }
    }
  }
}
