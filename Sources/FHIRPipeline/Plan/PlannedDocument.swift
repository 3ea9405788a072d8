import BSON
package import FHIRMapping

/// A document as an import would leave it, against the one that is stored.
package struct PlannedDocument: Sendable {
  package enum Fate: String, Sendable, CaseIterable {
    /// A field that the application wrote would get another value.
    case conflict
    case replace, insert, unchanged
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
  /// Resources that would leave it for another patient's.
  package var leaving: [String] = []
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
  private mutating func compareSections(_ stored: [BSONDocument], _ planned: [BSONDocument]) throws {
    var old: [String: SharedBytes] = [:]
    for page in stored {
      try PlannedDocument.forEachItem(of: page) { key, bytes in old[key] = bytes }
    }
    for page in planned {
      try PlannedDocument.forEachItem(of: page) { key, bytes in
        let before = old[key]
        guard before != bytes else { return }
        guard count < PlannedDocument.most else {
          hasMore = true
          return
        }
        guard let before else {
          resources.append((key, nil))
          return
        }
        let fields = try [before, bytes].map { bytes in
          try bytes.withUnsafeBytes { try BSONFields(try BSONView($0)) }
        }
        let room = PlannedDocument.most - count
        let differences = ValueDifference.of(resource: fields[0], fields[1], most: room + 1)
        if differences.count > room { hasMore = true }
        if !differences.isEmpty { resources.append((key, Array(differences.prefix(room)))) }
      }
    }
  }

  private static func forEachItem(
    of page: BSONDocument, _ body: (String, SharedBytes) throws -> Void
  ) throws {
    try page.withView { view in
      try StoredContent.forEachItem(of: view) { key, item in
        try body(key, page.shared.part(item))
      }
    }
  }
}
