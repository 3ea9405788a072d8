import BSON
import FHIRModel
import FHIRPath

/// A stored document with what its fields say put into its resources: what export gives, and what import takes for no news.
struct RestoredDocument {
  /// The document's own resource, with the fields' changes in it; nil where it has none.
  private(set) var root: BSONValue?
  /// Whether it is another than what stands under `fhir`.
  private(set) var isRootChanged = false
  let edits: SectionEdits
  /// What could not be carried, or is doubtful, and why.
  private(set) var notes: [(field: String, reason: String)] = []
  /// The id that the document's own resource is exported under.
  let rootID: String

  /// - Parameters:
  ///   - id: the document's `_id` as text.
  ///   - prefix: what the source's documents have before their ids.
  ///   - holder: the document's `_id` as text, of a chart its patient's; what items without an id are called by.
  init(_ document: BSONView, id: String, holder: String, plan: DocumentPlan, prefix: String) throws {
    let stored = try StoredFields(document, plan: plan, prefix: prefix)
    let residual = try plan.residual(of: document)
    if let residual {
      let restored = try plan.root(ofStored: document, stored)
      isRootChanged = !restored.changed.isEmpty
      root = .document(
        isRootChanged ? try restored.root?.fields() ?? BSONFields() : try BSONFields(residual))
      notes += restored.failed.map { ($0, "cannot be written into the resource") } + restored.notes
    } else if plan.root != nil, try RestoredDocument.isNative(document, plan),
      let native = NativeRoot(plan, id: String(id.dropFirst(stored.context.idPrefix.count)), stored: stored)
    {
      isRootChanged = true
      root = native.resource
      notes += native.notes
    }
    // What came from FHIR with a doubt goes back with it: only the application's own values are understood, and doubted.
    notes += stored.doubts
    let content = DocumentContent(
      kind: plan.kind, id: id, root: nil, sections: try RestoredDocument.sections(of: document, plan),
      appointments: [])
    let plain = String(id.dropFirst(stored.context.idPrefix.count))
    rootID = DocumentID.fhirID(plain)
    let owner = root?["id"]?.text ?? plain
    let before = root
    edits = try SectionEdits(
      plan, content: content, stored: stored,
      owner: try RestoredDocument.patient(ofChart: document, plan) ?? owner, holder: holder,
      name: DocumentID.fhirID(owner), root: &root)
    notes += edits.notes
    isRootChanged = isRootChanged || root != before
    if isRootChanged, let residual, var edited = root {
      try ContainedLeftovers.remove(from: &edited, before: residual)
      root = edited
    }
  }

  /// The lists of resources, as they stand in a document.
  private static func sections(
    of document: BSONView, _ plan: DocumentPlan
  ) throws -> [DocumentContent.Section] {
    var sections: [DocumentContent.Section] = []
    for list in try plan.lists(of: document) {
      var items = FiledArray<BSONView>()
      try list.items.forEachElement { element in
        if let item = element.document { items.append(item) }
      }
      sections.append(DocumentContent.Section(name: list.name, items: items, isInKeyOrder: false))
    }
    return sections
  }

  /// Whether a document without a resource is to become one: not where the resource has only not come yet.
  private static func isNative(_ document: BSONView, _ plan: DocumentPlan) throws -> Bool {
    guard try document.find("_fhirline")?.document != nil else {
      guard plan.kind == .patient else { return true }
      // What is said of coverages, or follows from appointments, says nothing of the patient.
      let others = plan.fields.filter { $0.rootSource == nil }.map(\.name)
      return try !DocumentReader.isNobody(document, besides: others)
    }
    for field in plan.fields where field.rootSource != nil {
      if try document.find(string: field.name) != nil { return true }
    }
    return false
  }

  /// The `_id` of the patient whom a chart belongs to that is not stored under the patient's own.
  private static func patient(ofChart document: BSONView, _ plan: DocumentPlan) throws -> String? {
    guard plan.kind == .chart, let id = try document.find("patient_id").flatMap(StoredID.text), !id.isEmpty
    else {
      return nil
    }
    return id
  }
}

// MARK: Import

extension DocumentPlan {
  /// Whether each item of each list says whose it is.
  private func itemsNameOwner(in document: BSONView) throws -> Bool {
    for list in try lists(of: document) {
      var items = list.items.makeIterator()
      while let element = try items.next() {
        if let item = element.document, try memberWithoutOwner(item, in: list.name) != nil { return false }
      }
    }
    return true
  }

  /// What a stored document's fields say of its resources.
  func saidResources(of document: BSONView, id: String, prefix: String) throws -> SaidResources {
    // One that no import wrote says all that it exports.
    if try document.find("_fhirline")?.document != nil, try editedFields(in: document).isEmpty,
      try itemsNameOwner(in: document)
    {
      return SaidResources()
    }
    // A chart within its patient has no `_id` of its own, or one that says nothing.
    let isOther = try kind == .chart && !DocumentReader.isChart(document, of: id)
    let own = try isOther || document.find("_id") == nil ? id : DocumentReader.id(of: document)
    let restored = try RestoredDocument(document, id: own, holder: id, plan: self, prefix: prefix)
    var said = SaidResources(traces: restored.edits.traces)
    func add(_ resource: BSONValue, _ key: String) throws {
      said.resources[key] = try BSONDocument(resource.fields ?? BSONFields()).shared
    }
    // As it stands under `fhir`, too: of a field that nobody understands nothing may be left in it.
    if let root = restored.root, let type = self.root?.name {
      let key = try document.find(path: "_fhirline.key")?.text ?? type + "/" + restored.rootID
      said.rootKey = key
      try add(root, key)
    }
    for (name, items) in restored.edits.changed {
      guard let array = try document.find(string: name)?.array else { continue }
      var index = 0
      try array.forEachElement { element in
        guard let item = element.document else { return }
        defer { index += 1 }
        guard var resource = items[index] else { return }
        try ContainedLeftovers.remove(from: &resource, before: item)
        try add(resource, try DocumentDraft.key(of: item, in: id))
      }
    }
    for resource in restored.edits.made {
      try add(resource, MadeResource.key(of: resource))
    }
    return said
  }
}
