import BSON
import CDefinitions
import FHIRModel
import FHIRPath

/// Where a field's value stands: a path within the document's root resource, or within resources of a section.
final class FieldSource: Sendable {
  static let keys = ["path", "or", "or_target", "from", "codes", "choose", "prefer", "make", "absent", "new"]

  enum Resource: Sendable, Equatable {
    /// The document's own resource, of that type.
    case root(String)
    /// Resources of that type in a section.
    case section(String)
  }

  /// Which of a section's resources give the value.
  enum Choice: String, Sendable, CaseIterable {
    /// The one of the latest date that has a value.
    case newest
    /// The one of the earliest.
    case oldest
    /// Every one; the field is a list.
    case all
  }

  let resource: Resource
  let path: InvertiblePath
  /// Read where the path has nothing; written to where it is the one that has something.
  let alternative: InvertiblePath?
  /// Leads to a Reference without a display: the name of its target, which import noted beside it, is read instead.
  let targetName: InvertiblePath?
  /// Codes of which the resource's `code` must have one; empty for any resource of the type.
  let codes: [CodeMatch]
  let choice: Choice
  /// Values of `use` in the order of preference, for elements that have one.
  let preferred: [String]
  /// A new resource for a value that no resource has.
  let template: BSONFields?
  /// Elements that R4 wants of a new resource and no field says: they are said to be unknown.
  let absent: [InvertiblePath.Child]
  /// Members of the innermost repeating element of the path, where a value makes a new one.
  let newItem: BSONFields?

  struct CodeMatch: Sendable, Equatable {
    let system: String
    let code: String
  }

  init(
    _ values: [String: MappingNode], _ node: MappingNode, scope: FieldPlan.Scope
  ) throws(MappingError) {
    let type: String
    if let from = values["from"] {
      type = try from.string()
      guard scope.sections.contains(where: { $0.members.contains { $0.typeName == type } }) else {
        let known = scope.sections.flatMap { $0.members.map(\.typeName) }
        throw from.error(
          .wrongValue,
          "no section of this document holds \(type)"
            + (closest(to: type, among: known).map { ": did you mean \($0)?" } ?? ""))
      }
      resource = .section(type)
    } else {
      guard let root = scope.root else {
        throw node.error(
          .missingKey, "this document has no root: expected the key from, with the type of a section")
      }
      for key in ["codes", "choose", "make", "absent"] {
        if let value = values[key] {
          throw value.error(.wrongValue, "\(key) belongs to a field that is taken from a section")
        }
      }
      type = root
      resource = .root(root)
    }
    guard let pathNode = values["path"] else { throw node.error(.missingKey, "the key path is missing here") }
    path = try pathNode.path(from: type)
    if path.segments.count == 1, path.target?.name == "id" {
      throw pathNode.error(
        .notInvertible,
        "the id of a resource says which it is, as the _id of its document does: no field writes it")
    }
    alternative = try values["or"]?.path(from: type)
    if let alternative, let node = values["or"], alternative.overlaps(path) {
      throw node.error(.conflict, "or leads to the element that path leads to")
    }
    if let node = values["or_target"] {
      _ = try node.choice(TargetElement.self)
      targetName = try FieldSource.reference(before: path, pathNode, scope.table)
    } else {
      targetName = nil
    }
    choice = try values["choose"]?.choice(Choice.self) ?? .newest
    var preferred: [String] = []
    for item in values["prefer"]?.items ?? [] { preferred.append(try item.string()) }
    self.preferred = preferred
    try FieldSource.check(preferred, values["prefer"], at: path, scope.table)
    var codes: [CodeMatch] = []
    for (system, list) in try values["codes"]?.entries() ?? [] {
      let systemText = try system.string()
      for code in list.items { codes.append(CodeMatch(system: systemText, code: try code.string())) }
    }
    if let codesNode = values["codes"], !FieldSource.hasCode(type, scope.table) {
      throw codesNode.error(.type, "\(type) has no element code that is a CodeableConcept")
    }
    self.codes = codes
    template = try values["make"].map { (node) throws(MappingError) in
      try FieldSource.template(node, type: type, scope.table)
    }
    absent = try FieldSource.absent(values, type: type)
    var newItem: BSONFields?
    if let node = values["new"] {
      guard let item = path.segments.last(where: { $0.child.repeats && $0.index == nil }) else {
        throw node.error(.type, "no element of this path repeats, so that none is made new")
      }
      var fields = BSONFields()
      try FieldSource.fill(&fields, from: node, type: item.child.type, scope.table)
      newItem = fields
    }
    self.newItem = newItem
  }

  /// Refuses what no `use` of the path's element can be.
  private static func check(
    _ preferred: [String], _ node: MappingNode?, at path: InvertiblePath, _ table: DefinitionTable
  ) throws(MappingError) {
    guard let node else { return }
    guard !preferred.isEmpty else { throw node.error(.missingKey, "expected one value of use at least") }
    guard let use = try? InvertiblePath("use", from: path.target?.type ?? path.root, table: table),
      path.isMany
    else {
      throw node.error(.type, "prefer chooses among elements by their use, which \(path.text) does not have")
    }
    guard let codes = use.requiredCodes(table) else { return }
    for item in node.items {
      let code = try item.string()
      guard !codes.contains(code) else { continue }
      throw item.error(
        .wrongValue, "there is no use \(code): \(MappingNode.expected(code, among: codes.sorted()))")
    }
  }

  private static func absent(
    _ values: [String: MappingNode], type: String
  ) throws(MappingError) -> [InvertiblePath.Child] {
    guard let node = values["absent"] else { return [] }
    guard values["make"] != nil else { throw node.error(.wrongValue, "absent belongs to make") }
    var children: [InvertiblePath.Child] = []
    for item in node.items {
      let path = try item.path(from: type)
      guard path.segments.count == 1, let child = path.target else {
        throw item.error(.wrongValue, "expected an element of \(type) itself")
      }
      children.append(child)
    }
    return children
  }

  /// What may be read of a reference's target.
  private enum TargetElement: String, CaseIterable { case name }

  /// The path of the Reference that a path takes the display of.
  private static func reference(
    before path: InvertiblePath, _ node: MappingNode, _ table: DefinitionTable
  ) throws(MappingError) -> InvertiblePath {
    let ending = ".display"
    if path.text.hasSuffix(ending),
      let owner = try? InvertiblePath(
        String(path.text.dropLast(ending.count)), from: path.root, table: table),
      owner.target.map({ table.name(of: $0.type) }) == "Reference"
    {
      return owner
    }
    throw node.error(.path, "or_target wants a path that ends with the display of a Reference")
  }

  private static func hasCode(_ type: String, _ table: DefinitionTable) -> Bool {
    guard let id = table.typeID(type), let name = table.nameID("code"), let child = table.child(name, of: id)
    else {
      return false
    }
    return table.name(of: table.type(of: child)) == "CodeableConcept"
  }

  /// The type of the element at the path's end.
  func elementType(_ table: DefinitionTable) -> String {
    table.name(of: path.target?.type ?? path.root)
  }

  // MARK: Templates

  /// Reads the resource that `make` describes, checked against the definitions.
  private static func template(
    _ node: MappingNode, type: String, _ table: DefinitionTable
  ) throws(MappingError) -> BSONFields {
    var fields = BSONFields([BSONFields.Field("resourceType", .string(type))])
    if let id = table.typeID(type) { try fill(&fields, from: node, type: id, table) }
    return fields
  }

  private static func fill(
    _ fields: inout BSONFields, from node: MappingNode, type: TypeID, _ table: DefinitionTable
  ) throws(MappingError) {
    for (key, value) in try node.entries() {
      let name = try key.string()
      guard let id = table.nameID(name), let child = table.child(id, of: type) else {
        throw key.error(
          .path,
          "\(table.name(of: type)) has no element \(name)"
            + (table.closestName(to: name, in: type).map { ": did you mean \($0)?" } ?? ""))
      }
      let repeats = table.elements[child.element].max > 1
      guard repeats || !value.isList else {
        throw value.error(.type, "\(name) does not repeat: expected one value")
      }
      var items: [BSONValue] = []
      for item in value.items {
        if item.isMapping {
          var inner = BSONFields()
          try fill(&inner, from: item, type: table.type(of: child), table)
          items.append(.document(inner))
        } else {
          items.append(.string(try item.string()))
        }
      }
      fields.fields.append(BSONFields.Field(name, repeats ? .array(items) : items.first ?? .null))
    }
  }

  /// Whether two sources may mean the same resource.
  func overlaps(_ other: FieldSource) -> Bool {
    guard resource == other.resource else { return false }
    if codes.isEmpty || other.codes.isEmpty { return true }
    return codes.contains { other.codes.contains($0) }
  }
}

extension InvertiblePath {
  /// How many elements of the path may stand more than once.
  var repeatCount: Int {
    var count = 0
    for step in steps {
      switch step {
      case .child(let child): count += child.repeats ? 1 : 0
      case .filter: break
      case .index: count = max(0, count - 1)
      }
    }
    return count
  }

  /// Whether the path means any item of the innermost list on its way, and not one of a fixed place.
  var readsItems: Bool { segments.last { $0.child.repeats }.map { $0.index == nil } ?? true }

  /// Whether one path leads to, or through, an element of the other.
  func overlaps(_ other: InvertiblePath) -> Bool {
    let (mine, theirs) = (segments, other.segments)
    for (a, b) in zip(mine, theirs) {
      if a.child.id != b.child.id { return false }
      if let left = a.index, let right = b.index, left != right { return false }
      for condition in a.conditions {
        for rival in b.conditions where rival.path == condition.path && rival.value != condition.value {
          return false
        }
      }
    }
    return true
  }
}

extension FieldSource {
  /// Whether a field that was taken away takes its element out of the resource, where no other would speak in its place: of
  /// those that are one with their owner. An Observation without its value would be none.
  var losesElement: Bool {
    guard case .section(let type) = resource else { return false }
    return codes.isEmpty && (type == "Coverage" || type == "PractitionerRole")
  }
}
