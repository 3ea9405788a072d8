import BSON

/// The fields of a document as they are to be written: computed ones, and what the application made of them.
///
/// The marks of the values that import wrote (`_fhirline.fields`) show what was edited since. An edited field stays when
/// parts are added, unless the parts give it another value than it had.
struct MergedFields {
  private(set) var fields: BSONDocument
  /// By field: what stands for the value that FHIR gives it.
  private(set) var marks: [String: Int32]
  private(set) var residual: BSONDocument?
  /// Documents of another kind within this one. They come last, where whoever adds one to a stored document has it.
  private(set) var held: BSONDocument

  /// - Parameters:
  ///   - computed: the fields of the draft's content.
  ///   - draft: of a stored document, or new.
  init(_ computed: DocumentFields, draft: DocumentDraft) throws {
    // A root that no part replaced keeps its fields, edits and all: the content has them already in it.
    // Only what its references lead to may be news, and fields that stand as import wrote them say it.
    let keepsRoot = draft.residual != nil
    let untouched = try draft.hasNewTargets || draft.isOfOtherMapping ? draft.untouchedFields() : []
    let follows = draft.hasNewTargets ? untouched : []
    func isKept(_ name: String) -> Bool {
      // What this mapping does not know is a part of the root that another one took out.
      if draft.keepsForeignFields, !computed.known.contains(name) { return true }
      return keepsRoot && computed.ofRoot.contains(name) && !follows.contains(name)
    }
    residual = draft.residual ?? computed.residual
    marks = try MergedFields.marks(of: computed)
    let fresh = try computed.fields.fields()
    var result = BSONFields()
    var taken: Set<String> = []
    var held = BSONFields()
    for field in fresh.fields {
      taken.insert(field.key)
      let old = draft.marks[field.key]
      if isKept(field.key), old != nil || draft.others[field.key] != nil {
        marks[field.key] = old
        if let kept = draft.others[field.key] { result.fields.append(.init(field.key, kept)) }
      } else if let old, old == marks[field.key] {
        // A field that was taken away stays away.
        if let kept = draft.others[field.key] { result.fields.append(.init(field.key, kept)) }
      } else {
        result.fields.append(field)
      }
    }
    for field in draft.others.fields where !taken.contains(field.key) {
      if DocumentDraft.isHeld(field) {
        held.fields.append(field)
        continue
      }
      var old = draft.marks[field.key]
      if old != nil, !isKept(field.key) {
        // An edit of a field that the mapping has no longer is the application's own.
        guard draft.isOfOtherMapping, !computed.known.contains(field.key), !untouched.contains(field.key)
        else { continue }
        old = nil
      }
      guard let kept = computed.derived.contains(field.key) ? draft.current(field.value) : field.value else {
        continue
      }
      marks[field.key] = old
      result.fields.append(.init(field.key, kept))
    }
    for (name, old) in draft.marks where isKept(name) { marks[name] = old }
    fields = try BSONDocument(result)
    self.held = try BSONDocument(held)
  }

  static func marks(of computed: DocumentFields) throws -> [String: Int32] {
    var marks: [String: Int32] = [:]
    try computed.fields.withView { view in
      try view.forEachElement { element in
        let name = element.name
        if !computed.derived.contains(name) { marks[name] = FieldMark.mark(of: element) }
      }
    }
    return marks
  }
}

extension DocumentDraft {
  /// The fields that stand as import wrote them.
  fileprivate func untouchedFields() throws -> Set<String> {
    var names: Set<String> = []
    try BSONDocument(others).withView { view in
      try view.forEachElement { element in
        if marks[element.name] == FieldMark.mark(of: element) { names.insert(element.name) }
      }
    }
    return names
  }

  /// Whether a field of a document is a document that this program keeps there: a chart within its patient.
  static func isHeld(_ field: BSONFields.Field) -> Bool { field.value.fields?["_fhirline"] != nil }

  /// A derived field's value, which says no more than that, less the appointments that are the document's no longer.
  fileprivate func current(_ value: BSONValue) -> BSONValue? {
    guard !formerAppointments.isEmpty else { return value }
    func isCurrent(_ item: BSONValue) -> Bool { item.text.map { !formerAppointments.contains($0) } ?? true }
    // BSON has a nil of its own.
    guard case .array(let items) = value else { return isCurrent(value) ? value : Optional.none }
    let kept = items.filter(isCurrent)
    return kept.isEmpty ? Optional.none : .array(kept)
  }
}
