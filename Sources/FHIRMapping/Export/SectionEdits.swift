import BSON
import FHIRModel
import FHIRPath

/// What a document's fields say of the resources in its sections that the resources do not say themselves.
///
/// Fields are taken from items of the first page alone; import keeps those items there.
struct SectionEdits {
  /// Changed resources, by section and index of the item.
  private(set) var changed: [String: [Int: BSONValue]] = [:]
  /// Resources that no section holds, made of fields.
  private(set) var made: [BSONValue] = []
  /// Of each what R4 wants and no field may have said.
  private var wanted: [(type: TypeID, elements: [InvertiblePath.Child])] = []
  private(set) var notes: [(field: String, reason: String)] = []
  /// By field that says something else than the sections: where its edit is.
  private(set) var traces: [String: EditTrace] = [:]
  private var trace = EditTrace()

  private let plan: DocumentPlan
  private let sections: [DocumentContent.Section]
  private let owner: String
  private let holder: String
  /// What ids of resources that are made begin with.
  private let name: String
  private let context: FieldPlan.Context

  var isEmpty: Bool { changed.isEmpty && made.isEmpty }

  /// - Parameters:
  ///   - owner: the id of the document to whose resource those of the sections refer.
  ///   - holder: the document's `_id` as text, of a chart its patient's.
  ///   - name: the FHIR id of the document itself.
  ///   - root: the document's root; fields that stand in it as well as in sections write what is new into it.
  init(
    _ plan: DocumentPlan, content: DocumentContent, stored: StoredFields, owner: String,
    holder: String, name: String, root: inout BSONValue?
  ) throws {
    self.plan = plan
    self.owner = owner
    self.holder = holder
    self.name = name
    sections = content.sections
    context = stored.context
    let before = try plan.computed(of: content, root: root, context)
    for field in plan.fields where field.derived == nil && field.rootSource == nil {
      // Where a section was changed under a field that was not, the field is out of date, and no edit.
      guard !stored.refused.contains(field.name), !stored.untouched.contains(field.name) else { continue }
      let value = stored.values[field.name]
      guard value != before.values[field.name] else { continue }
      let taken = before.taken[field.name] ?? []
      trace = EditTrace()
      trace.taken = try keys(of: taken)
      defer { if !trace.isEmpty { traces[field.name] = trace } }
      if field.isList {
        if value == nil && !stored.removed.contains(field.name) { continue }
        let present = before.values[field.name]?.listItems ?? []
        try editList(field, value, over: present, taken, root: &root, stored)
      } else if let value {
        try edit(field, value, taken.first)
      } else if stored.removed.contains(field.name), try !removed(field, taken.first) {
        notes.append((field.name, "was taken away; the resource that it came from stays as it was"))
      }
    }
    for (index, (type, elements)) in zip(made.indices, wanted) {
      MadeResource.complete(&made[index], elements, type, context.table)
    }
    try nameOwner()
  }

  /// What an application put into a document need not say whose it is: it stands in the owner's document. What came from FHIR said it, or
  /// it would stand elsewhere.
  private mutating func nameOwner() throws {
    for section in sections {
      for index in section.items.indices {
        guard let member = try plan.memberWithoutOwner(section.items[index], in: section.name) else {
          continue
        }
        let taken = SectionScan.Taken(
          value: .null, item: index, section: section.name, address: ResourceAddress())
        let reference = DocumentID.reference(plan.ownerType, owner)
        try change(taken) { [context] resource in
          // What stands there says no more than what the owner is called.
          let said = member.owner.places(in: resource).first?.element.fields?.fields ?? []
          let whole = BSONValue.document(BSONFields((reference.fields?.fields ?? []) + said))
          member.owner.create(whole, in: &resource, table: context.table)
          return true
        }
      }
    }
  }

  private func keys(of taken: [SectionScan.Taken]) throws -> Set<String> {
    Set(
      try taken.compactMap { taken in
        try sections.first { $0.name == taken.section }.map {
          try DocumentDraft.key(of: $0.items[taken.item], in: holder)
        }
      })
  }

  // MARK: Single values

  private mutating func edit(_ field: FieldPlan, _ value: BSONValue, _ taken: SectionScan.Taken?) throws {
    guard let source = field.sources.first else { return }
    // No resource may have the value yet, but there is one that can take it.
    if let taken = try taken ?? (source.codes.isEmpty ? firstItem(source) : nil) {
      let isWritten = try change(taken) { [context] resource in
        field.write(value, into: &resource, source, context)
      }
      if !isWritten {
        notes.append((field.name, "does not fit the resource that it came from, which stays as it was"))
      }
      return
    }
    make(field, source) { [context] resource in field.write(value, into: &resource, source, context) }
  }

  /// Takes a field's element out of the resource that it came from, if no other would speak in its place, and the resource is
  /// still one without it.
  private mutating func removed(_ field: FieldPlan, _ taken: SectionScan.Taken?) throws -> Bool {
    guard let taken, let source = field.sources.first, case .section(let type) = source.resource,
      source.losesElement,
      let (section, member) = plan.member(ofType: type), section.name == taken.section,
      let items = sections.first(where: { $0.name == section.name })?.items
    else { return false }
    for index in items.indices where index != taken.item {
      guard try items[index].find("resourceType")?.text == type else { continue }
      let other = BSONValue.document(try BSONFields(items[index]))
      if field.read(other, source, context) != nil { return false }
    }
    return try change(taken) { [context] resource in
      guard field.write(nil, into: &resource, source, context),
        field.read(resource, source, context) == nil
      else { return false }
      MadeResource.complete(&resource, source.absent, member.type, context.table)
      return true
    }
  }

  /// Returns whether the change could be made.
  @discardableResult
  private mutating func change(
    _ taken: SectionScan.Taken, _ body: (inout BSONValue) -> Bool
  ) throws -> Bool {
    guard let items = sections.first(where: { $0.name == taken.section })?.items else { return false }
    var resource =
      try changed[taken.section]?[taken.item] ?? BSONValue.document(try BSONFields(items[taken.item]))
    guard body(&resource) else { return false }
    changed[taken.section, default: [:]][taken.item] = resource
    trace.resources[try DocumentDraft.key(of: items[taken.item], in: holder)] = taken.section
    return true
  }

  /// The resource of a source's type that comes first, whatever it says.
  private func firstItem(_ source: FieldSource) throws -> SectionScan.Taken? {
    guard case .section(let type) = source.resource, source.template != nil,
      type == "Coverage" || type == "PractitionerRole",
      let (section, member) = plan.member(ofType: type),
      let items = sections.first(where: { $0.name == section.name })?.items
    else { return nil }
    var best: (index: Int, date: Int64, key: String)?
    for index in items.indices {
      guard try items[index].find("resourceType")?.text == type else { continue }
      let date = try member.date(of: items[index])
      let key = try DocumentDraft.key(of: items[index], in: holder)
      if let best, (best.date, key) >= (date, best.key) { continue }
      best = (index, date, key)
    }
    return best.map {
      SectionScan.Taken(value: .null, item: $0.index, section: section.name, address: ResourceAddress())
    }
  }

  // MARK: Lists

  private mutating func editList(
    _ field: FieldPlan, _ value: BSONValue?, over present: [BSONValue], _ taken: [SectionScan.Taken],
    root: inout BSONValue?, _ stored: StoredFields
  ) throws {
    let rootSource = field.sources.first { if case .root = $0.resource { true } else { false } }
    let own =
      root.flatMap { root in
        rootSource.map { field.readings(in: root, $0, context).map(\.value) }
      } ?? []
    let said = taken.map(\.value) + own
    let items = value?.listItems ?? []
    let meant = field.transform?.meant(by: items, beside: said) ?? items
    let wanted = meant.unique
    if wanted.count < meant.count { notes.append((field.name, "says a value again: FHIR has it once")) }
    if wanted.allSatisfy(said.contains), said.allSatisfy(wanted.contains),
      wanted.filter({ own.contains($0) }) == own
    {
      if wanted != present {
        notes.append((field.name, "only the order of its items was changed: FHIR has none for them"))
      }
      return
    }
    for items in Dictionary(grouping: taken, by: \.section).values {
      for readings in Dictionary(grouping: items, by: \.item).values {
        // The last first: removing an element moves those behind it.
        for reading in readings.reversed() where !wanted.contains(reading.value) {
          try change(reading) { resource in
            resource.remove(at: reading.address)
            return true
          }
        }
      }
    }
    let new = wanted.filter { !said.contains($0) }
    // The document's own resource may not have come: what the application says is then all that is known of it.
    let target = root ?? (new.isEmpty ? nil : NativeRoot(plan, id: owner, stored: stored)?.resource)
    if let source = rootSource, var resource = target {
      let keep = wanted.filter { own.contains($0) }
      _ = field.write(.array(keep + new), into: &resource, source, context)
      if resource != root { trace.rootMember = source.path.segments.first?.child.name }
      root = resource
      return
    }
    guard !new.isEmpty else { return }
    guard let source = field.sources.first(where: { $0.template != nil }) else {
      notes.append((field.name, SectionEdits.noCarrier))
      return
    }
    for item in new {
      make(field, source, suffix: item.text) { [context] resource in
        guard let transform = field.transform, let element = transform.write(item, over: nil) else {
          return false
        }
        source.path.create(element, in: &resource, template: source.newItem, table: context.table)
        return true
      }
    }
  }

  // MARK: New resources

  private static let noCarrier = "there is no resource to carry it, and the mapping makes none"

  private mutating func make(
    _ field: FieldPlan, _ source: FieldSource, suffix: String? = nil, _ body: (inout BSONValue) -> Bool
  ) {
    guard case .section(let type) = source.resource, let template = source.template,
      let (section, member) = plan.member(ofType: type)
    else {
      notes.append((field.name, SectionEdits.noCarrier))
      return
    }
    // Fields with one template and no codes tell of one resource.
    if source.codes.isEmpty, suffix == nil,
      let index = made.firstIndex(where: { $0["resourceType"]?.text == type })
    {
      _ = body(&made[index])
      trace.resources[MadeResource.key(of: made[index])] = section.name
      return
    }
    var resource = BSONValue.document(template)
    let name = suffix ?? (source.codes.isEmpty ? type.lowercased() : field.name.replacing("_", with: "-"))
    MadeResource.identify(&resource, id: MadeResource.id(self.name, name), member.type, context.table)
    member.owner.create(
      DocumentID.reference(plan.ownerType, owner), in: &resource, table: context.table)
    guard body(&resource) else {
      notes.append((field.name, "cannot be written into \(type)"))
      return
    }
    trace.resources[MadeResource.key(of: resource)] = section.name
    made.append(resource)
    wanted.append((member.type, source.absent))
  }
}

/// Resources that export makes of fields alone.
enum MadeResource {
  static let tag = BSONValue.object([
    ("system", "https://fhirline.dev/CodeSystem/origin"), ("code", "document-field"),
    ("display", "made of a document's field"),
  ])

  /// See http://hl7.org/fhir/R4/extension-data-absent-reason.html
  static let absentReason = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

  /// An id that is always the same for a document and a field.
  static func id(_ owner: String, _ name: String) -> String { DocumentID.fhirID(owner + "-" + name) }

  /// `Observation/p-weight`
  static func key(of resource: BSONValue) -> String {
    (resource["resourceType"]?.text ?? "") + "/" + (resource["id"]?.text ?? "")
  }

  /// Gives a resource its id, and a tag that says that it was made.
  static func identify(_ resource: inout BSONValue, id: String, _ type: TypeID, _ table: DefinitionTable) {
    guard var fields = resource.fields else { return }
    fields.insert(.string(id), name: "id", of: type, table: table)
    fields.insert(.object([("tag", .array([tag]))]), name: "meta", of: type, table: table)
    resource = .document(fields)
  }

  /// Says of elements that R4 wants, and that no field gave, that they are not known.
  static func complete(
    _ resource: inout BSONValue, _ elements: [InvertiblePath.Child], _ type: TypeID, _ table: DefinitionTable
  ) {
    guard var fields = resource.fields else { return }
    let reason = BSONValue.object([
      ("url", .string(absentReason)), ("valueCode", "unknown"),
    ])
    let unknown = BSONValue.object([("extension", .array([reason]))])
    for element in elements where fields[element.name] == nil {
      let name = element.isPrimitive ? "_" + element.name : element.name
      if fields[name] == nil {
        fields.insert(element.repeats ? .array([unknown]) : unknown, name: name, of: type, table: table)
      }
    }
    resource = .document(fields)
  }
}
