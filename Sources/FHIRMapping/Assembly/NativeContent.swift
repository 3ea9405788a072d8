import BSON

/// What a document that never came from FHIR says already of what is to be added to it. That its fields say resources is told by
/// what they export as (``DocumentAssembler/SaidResources``), as of every other document.
struct NativeContent {
  let mappings: MappingSet
  let renamed: DocumentAssembler.Renamed

  /// What the list of a document's appointments is called.
  func appointmentList(_ kind: DocumentKind) -> String? {
    mappings.plan(kind)?.fields.first { $0.derived == .appointments }?.name
  }

  /// The fields that follow from a document's appointments.
  func derivedFields(_ kind: DocumentKind) -> [String] {
    mappings.plan(kind)?.fields.filter { $0.derived != nil }.map(\.name) ?? []
  }

  /// Whether no field of a document says anything of its own resource.
  func isBare(_ document: BSONView, kind: DocumentKind) throws -> Bool {
    guard let plan = mappings.plan(kind) else { return false }
    return try !plan.fields.contains { field in
      try field.rootSource != nil && document.find(string: field.name) != nil
    }
  }

  /// Whether the document lists the appointments that came for it.
  func lists(_ incoming: DocumentDraft, in document: BSONView) throws -> Bool {
    guard !incoming.appointments.isEmpty, let plan = mappings.plan(incoming.kind) else { return true }
    if let other = try renamed(document, incoming.kind) {
      return try other.withView { try lists(incoming, of: plan, in: $0) }
    }
    return try lists(incoming, of: plan, in: document)
  }

  private func lists(
    _ incoming: DocumentDraft, of plan: DocumentPlan, in document: BSONView
  ) throws -> Bool {
    let links = incoming.sortedAppointments
    let newest = links.map(\.moment).max { ($0 ?? .min) < ($1 ?? .min) } ?? nil
    for field in plan.fields {
      guard let derived = field.derived else { continue }
      guard let element = try document.find(string: field.name) else { return false }
      var listed: Set<String> = []
      try StoredID.forEach(in: element) { listed.insert($0) }
      switch derived {
      case .appointments: guard links.allSatisfy({ listed.contains($0.id) }) else { return false }
      // Of two at one moment either is the last.
      case .lastAppointment:
        guard links.contains(where: { $0.moment == newest && listed.contains($0.id) }) else { return false }
      }
    }
    return true
  }
}
