import BSON
import FHIRModel

/// Whether a document that never came from FHIR says already what is to be added to it: what the database exported comes back,
/// and no document changes.
struct NativeContent {
  let mappings: MappingSet

  /// - Parameter incoming: what came for the document; nothing else was ever imported into it.
  func says(_ incoming: DocumentDraft, in document: BSONView) throws -> Bool {
    guard let plan = mappings.plan(incoming.kind), try document.find("_fhirline") == nil,
      try lists(incoming, plan, document)
    else { return false }
    guard try document.find("_id") != nil else {
      // A chart within its patient.
      var fields = try BSONFields(document)
      fields.fields.insert(.init("_id", .string(incoming.id)), at: 0)
      return try BSONDocument(fields).withView { try says(incoming, in: $0) }
    }
    var said: [String: BSONDocument] = [:]
    var encoder = ResourceEncoder()
    let reader = DocumentReader(mappings: mappings, references: .resolved)
    try reader.read(document, kind: incoming.kind) { resource in
      var writer = BSONWriter()
      try encoder.encode(resource.tree, node: 0, key: nil, rewrites: nil, into: &writer)
      said[resource.tree.string(at: 0) + "/" + resource.id] = try writer.finish()
    } note: { _, _ in
    }
    var isSaid = true
    incoming.forEachResource { key, bytes, _ in
      isSaid =
        isSaid
        && said[key].map { ResourceEquality.isSame(stored: $0.shared.pointer, incoming: bytes) } ?? false
    }
    return isSaid
  }

  /// Whether the document lists the appointments that came for it.
  private func lists(_ incoming: DocumentDraft, _ plan: DocumentPlan, _ document: BSONView) throws -> Bool {
    guard !incoming.appointments.isEmpty else { return true }
    for field in plan.fields {
      guard let derived = field.derived, let due = derived.value(of: incoming.sortedAppointments) else {
        continue
      }
      guard let element = try document.find(string: field.name) else { return false }
      var listed: Set<String> = []
      if let items = element.array {
        try items.forEachElement { if let id = StoredID.text($0) { listed.insert(id) } }
      } else if let id = StoredID.text(element) {
        listed.insert(id)
      }
      guard due.listItems.allSatisfy({ listed.contains($0.text ?? "") }) else { return false }
    }
    return true
  }
}
