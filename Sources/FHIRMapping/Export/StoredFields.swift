import BSON
import FHIRPath

/// The fields of a stored document, understood: drift and all, as import would have written them.
struct StoredFields {
  private(set) var values: [String: BSONValue] = [:]
  /// Fields whose value says nothing that can be understood: FHIR's own stays.
  private(set) var refused: Set<String> = []
  /// By field: what was doubtful.
  private(set) var doubts: [(field: String, reason: String)] = []
  /// Fields that import wrote and the application took away.
  private(set) var removed: Set<String> = []
  /// Fields that stand as import wrote them: what else the document says now was not said by them.
  private(set) var untouched: Set<String> = []
  /// Fields that import did not write.
  private(set) var new: Set<String> = []
  let context: FieldPlan.Context

  /// - Parameter prefix: what the source's documents have before their ids: a document without a resource of its own does not tell.
  init(_ document: BSONView, plan: DocumentPlan, prefix: String) throws(BSONError) {
    let bookkeeping = try document.find("_fhirline")?.document
    let marks = try FieldMark.marks(in: bookkeeping)
    let id = try document.find("_id")?.text ?? ""
    let key = try bookkeeping?.find("key")?.text
    context = FieldPlan.Context(
      idPrefix: key.map { StoredFields.idPrefix(id: id, key: $0) } ?? (id.hasPrefix(prefix) ? prefix : ""))
    for field in plan.fields where field.derived == nil {
      let element = try document.find(string: field.name)
      let value = try element.map { (element) throws(BSONError) in try BSONValue(element) }
      if let element, marks[field.name] == FieldMark.mark(of: element) {
        // What FHIR says looks like drift at times (a phone of nine digits), and is none.
        untouched.insert(field.name)
        values[field.name] = value
        continue
      }
      let stored = field.understand(value, isImported: marks[field.name] != nil)
      values[field.name] = stored.value
      if marks[field.name] == nil { new.insert(field.name) }
      if stored.value == nil, !stored.isRefused, marks[field.name] != nil { removed.insert(field.name) }
      if stored.isRefused { refused.insert(field.name) }
      doubts += stored.doubts.map { (field.name, $0) }
    }
  }

  private static func idPrefix(id: String, key: String) -> String {
    guard let slash = key.firstIndex(of: "/") else { return "" }
    let own = key[key.index(after: slash)...]
    return id.hasSuffix(own) ? String(id.dropLast(own.count)) : ""
  }
}

/// The root of a stored document, with the fields' changes in it.
struct StoredRoot {
  let root: BSONDocument?
  /// Fields that say something else than the residual.
  let changed: [String]
  /// Fields that could not be put into the resource.
  let failed: [String]
  /// Fields whose change took another with it, and why.
  var notes: [(field: String, reason: String)] = []
}

extension DocumentPlan {
  /// What stands of a document's own resource under `fhir`; nil where there is none, or an application put something else there.
  func residual(of document: BSONView) throws(BSONError) -> BSONView? {
    guard let root, let residual = try document.find("fhir")?.document,
      try residual.find("resourceType")?.text == root.name
    else { return nil }
    return residual
  }

  /// The root of a stored document: its residual with the fields put back, where the fields win.
  func root(ofStored document: BSONView, _ stored: StoredFields? = nil) throws -> StoredRoot {
    guard let residual = try residual(of: document) else {
      return StoredRoot(root: nil, changed: [], failed: [])
    }
    // A document with a resource of its own says itself what stands before its id.
    let stored = try stored ?? StoredFields(document, plan: self, prefix: "")
    let value = BSONValue.document(try BSONFields(residual))
    var restored = try restored(
      value, values: stored.values, removed: stored.removed, except: stored.refused, new: stored.new,
      stored.context)
    let edited = fields.filter { field in
      stored.removed.contains(field.name)
        || restored.changed.contains(field.name) && !stored.untouched.contains(field.name)
    }
    // Of a field that nobody understands FHIR's own may be gone: what goes with it is not to stay alone.
    let lost = fields.filter { field in
      guard stored.refused.contains(field.name), let source = field.rootSource else { return false }
      return source.path.places(in: restored.root).isEmpty
    }
    let elements = Set((edited + lost).compactMap { $0.rootSource?.path.segments.first?.child.name })
    var notes: [(field: String, reason: String)] = []
    if var completion = AppointmentCompletion(self, stored.context) {
      let before = restored.root
      completion.complete(&restored.root, changed: elements)
      notes = completion.notes
      if restored.root != before { restored.changed += lost.map(\.name) }
    }
    guard !restored.changed.isEmpty || !edited.isEmpty else {
      return StoredRoot(root: BSONDocument(copying: residual), changed: [], failed: restored.failed)
    }
    return StoredRoot(
      root: try BSONDocument(restored.root.fields ?? BSONFields()),
      changed: restored.changed + edited.map(\.name).filter { !restored.changed.contains($0) },
      failed: restored.failed, notes: notes)
  }
}
