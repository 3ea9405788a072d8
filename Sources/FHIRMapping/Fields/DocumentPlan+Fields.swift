import BSON
import FHIRModel
import FHIRPath

/// Computing a document's fields, and what of its root they leave over.
extension DocumentPlan {
  /// The fields of a document's content; the residual; and which items of its sections the fields were taken from.
  func fields(of content: DocumentContent) throws -> DocumentFields {
    let context = FieldPlan.Context(idPrefix: content.idPrefix)
    let resource = try content.root.map { BSONValue.document(try BSONFields($0)) }
    let computed = try computed(of: content, root: resource, context)
    var fields = BSONFields()
    for field in self.fields {
      if let value = computed.values[field.name] { fields.fields.append(.init(field.name, value)) }
    }
    var residual: BSONDocument?
    if let resource, let whole = content.root {
      let rest = self.residual(of: resource, values: computed.values, context)
      residual = try rest.map { try BSONDocument($0.fields ?? BSONFields()) } ?? BSONDocument(copying: whole)
    }
    var result = DocumentFields(
      fields: try BSONDocument(fields), residual: residual, pinned: computed.pinned,
      derived: Set(self.fields.filter { $0.derived != nil }.map(\.name)),
      ofRoot: Set(self.fields.filter { $0.rootSource != nil }.map(\.name)))
    result.taken = computed.taken
    result.known = names
    return result
  }

  /// Values of fields, and where those of sections came from.
  struct Computed {
    var values: [String: BSONValue] = [:]
    /// By field: the items of sections that gave it its value.
    var taken: [String: [SectionScan.Taken]] = [:]
    /// Those items, by section and index.
    var pinned: [String: Set<Int>] = [:]
  }

  func computed(
    of content: DocumentContent, root: BSONValue?, _ context: FieldPlan.Context
  ) throws -> Computed {
    var computed = Computed()
    let scan = try SectionScan(plan: self, sections: content.sections)
    for (number, field) in fields.enumerated() {
      if let derived = field.derived {
        computed.values[field.name] = derived.value(of: content.appointments)
        continue
      }
      var values: [BSONValue] = []
      var isFromSection = false
      for (place, source) in field.sources.enumerated() {
        switch source.resource {
        case .root:
          guard let root, let value = field.read(root, source, context) else { continue }
          values += field.sources.count == 1 ? [value] : value.listItems
        case .section:
          isFromSection = true
          guard let query = queries.number(field: number, source: place) else { continue }
          for taken in try scan.taken(field, source, query: query, context) {
            values.append(taken.value)
            computed.taken[field.name, default: []].append(taken)
            computed.pinned[taken.section, default: []].insert(taken.item)
          }
        }
      }
      if field.isList, isFromSection || field.sources.count > 1 {
        let unique = values.unique
        computed.values[field.name] = unique.isEmpty ? nil : field.joined(unique)
      } else {
        computed.values[field.name] = values.first
      }
    }
    return computed
  }

  // MARK: Residual

  /// The root without the elements that the fields alone give back exactly; nil where none can be left out.
  ///
  /// Nothing is taken on trust: each omission is tried by putting the field back, and all together in the end.
  func residual(of root: BSONValue, values: [String: BSONValue], _ context: FieldPlan.Context) -> BSONValue? {
    guard var rest = root.fields else { return nil }
    var hasOmissions = false
    for field in fields {
      guard let source = field.rootSource, let value = values[field.name] else { continue }
      // The members that the field has to do with; the others need not be copied for it.
      let members = field.members(source)
      let piece = BSONFields(rest.fields.filter { members.contains($0.key) })
      if piece.fields.isEmpty { continue }
      let before = BSONValue.document(piece)
      var without = before
      field.remove(from: &without, source, context)
      var restored = without
      guard field.write(value, into: &restored, source, context), restored.hasSameContent(as: before) else {
        continue
      }
      rest.fields = rest.fields.compactMap { member in
        guard members.contains(member.key) else { return member }
        return without.fields?[member.key].map { BSONFields.Field(member.key, $0) }
      }
      hasOmissions = true
    }
    guard hasOmissions else { return nil }
    guard let whole = try? restored(.document(rest), values: values, context).root,
      whole.hasSameContent(as: root)
    else { return nil }
    return .document(rest)
  }

  /// A residual with the fields put back: the root as it is exported.
  ///
  /// - Parameters:
  ///   - values: the fields as import would have written them.
  ///   - removed: fields that were taken away; of others that are not among the values nothing is known.
  ///   - new: fields that import did not write.
  func restored(
    _ residual: BSONValue, values: [String: BSONValue], removed: Set<String> = [], except: Set<String> = [],
    new: Set<String> = [], _ context: FieldPlan.Context
  ) throws -> (root: BSONValue, changed: [String], failed: [String]) {
    var root = residual
    var changed: [String] = []
    var failed: [String] = []
    // What is new since the import, and words beside elements, come behind what was there, so that it keeps its place.
    let inPlace = fields.filter { $0.beside == nil && !new.contains($0.name) }
    for field in inPlace + fields.filter({ $0.beside != nil || new.contains($0.name) })
    where !except.contains(field.name) {
      guard let source = field.rootSource else { continue }
      // Compared with the residual as it was: a field is not to undo what another put.
      let present = field.read(residual, source, context)
      guard let value = values[field.name] else {
        guard removed.contains(field.name) else { continue }
        // Nothing may be left that would speak in its place, said by the residual or not.
        let before = root
        _ = field.write(nil, into: &root, source, context)
        if root != before { changed.append(field.name) }
        continue
      }
      if present == value { continue }
      if field.write(value, into: &root, source, context) {
        changed.append(field.name)
      } else {
        failed.append(field.name)
      }
    }
    if kind == .appointment, !changed.isEmpty { completeVisit(&root, before: residual, context) }
    return (root, changed, failed)
  }
}

extension FieldPlan {
  /// The source of a field that stands in the root alone.
  var rootSource: FieldSource? {
    guard sources.count == 1, let source = sources.first, case .root = source.resource else { return nil }
    return source
  }

  /// The members of the root that reading or writing the field touches, and their companions for extensions.
  func members(_ source: FieldSource) -> [String] {
    let paths = [source.path, source.alternative, source.targetName, beside, also]
    return paths.compactMap { $0?.segments.first?.child.name }.flatMap { [$0, "_" + $0] }
  }

  /// Takes away what the field reads.
  func remove(from resource: inout BSONValue, _ source: FieldSource, _ context: Context) {
    if isList {
      _ = writeList(nil, into: &resource, source, context)
    } else {
      _ = write(nil, into: &resource, source, context, isFirstOnly: true)
    }
  }
}

extension FieldPlan.Derived {
  func value(of appointments: [AppointmentLink]) -> BSONValue? {
    switch self {
    case .appointments: appointments.isEmpty ? nil : .array(appointments.map { .string($0.id) })
    case .lastAppointment: appointments.max(by: FieldPlan.Derived.isEarlier).map { .string($0.id) }
    }
  }

  /// By the moment of the start, then by id; what has no start is the earliest.
  private static func isEarlier(_ a: AppointmentLink, _ b: AppointmentLink) -> Bool {
    func moment(_ link: AppointmentLink) -> Int64 { DateText(link.start)?.instant.milliseconds ?? .min }
    return (moment(a), a.id) < (moment(b), b.id)
  }
}

extension [BSONValue] {
  /// The values, each once, in the order of their first places.
  var unique: [BSONValue] {
    var texts: Set<String> = []
    var others: Set<String> = []
    return filter { value in
      value.text.map { texts.insert($0).inserted } ?? others.insert(value.extendedJSON).inserted
    }
  }
}

extension DocumentContent {
  /// What stands before the resource's id in the document's `_id`.
  var idPrefix: String {
    guard let key = rootKey, let slash = key.utf8.firstIndex(of: UInt8(ascii: "/")) else { return "" }
    let own = key.utf8[slash...].dropFirst()
    let rest = id.utf8.count - own.count
    guard rest > 0, id.utf8.dropFirst(rest).elementsEqual(own) else { return "" }
    return String(Substring(id.utf8.prefix(rest)))
  }
}
