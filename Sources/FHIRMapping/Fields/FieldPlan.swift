import FHIRModel
import FHIRPath

/// One field of a document: where its value stands in FHIR, and how it is turned there and back.
///
/// An object, as its sources are: every document goes through all of them.
final class FieldPlan: Sendable {
  /// Fields that are made from the documents' relations, and are nobody's to edit.
  enum Derived: String, Sendable, CaseIterable {
    case appointments
    case lastAppointment = "last_appointment"
  }

  let name: String
  let sources: [FieldSource]
  /// The value is a list; each item is an element at the path's end.
  let isList: Bool
  /// Joins the items of a list to one text.
  let separator: String?
  let transform: (any FieldTransform)?
  /// Where a word is kept that the path's element does not say exactly.
  let beside: InvertiblePath?
  /// Another element that gets the value when it is written.
  let also: InvertiblePath?
  let derived: Derived?
  /// Where the mapping file names the field.
  let place: MappingPlace

  /// What a field may refer to.
  struct Scope {
    let kind: DocumentKind
    let root: String?
    let sections: [SectionPlan]
    let table: DefinitionTable
  }

  init(name key: MappingNode, _ node: MappingNode, scope: Scope) throws(MappingError) {
    name = try key.elementName(in: scope.kind)
    place = key.place
    let values = try node.values(
      allowed: FieldSource.keys + ["sources", "list", "join", "transform", "beside", "also", "derived"])
    if let derivedNode = values["derived"] {
      guard values.count == 1 else {
        throw node.error(.wrongValue, "a derived field has no other keys: it is never written to FHIR")
      }
      let derived = try derivedNode.choice(Derived.self)
      guard scope.kind != .appointment else {
        throw derivedNode.error(.wrongValue, "an appointment has no list of appointments to be derived")
      }
      self.derived = derived
      sources = []
      isList = derived == .appointments
      separator = nil
      transform = nil
      beside = nil
      also = nil
      return
    }
    derived = nil
    guard let transformNode = values["transform"] else {
      throw node.error(.missingKey, "the key transform is missing here")
    }
    sources = try FieldPlan.sources(values, node, scope: scope)
    isList = try values["list"]?.boolean() ?? (sources.count > 1)
    separator = try values["join"]?.string()
    var made: (any FieldTransform)?
    for source in sources {
      let transform = try TransformTable.make(
        transformNode, elementType: source.elementType(scope.table),
        codes: source.path.requiredCodes(scope.table))
      made = made ?? transform
      // What is read in its place is turned in the same way.
      if let alternative = source.alternative, let node = values["or"] {
        let type = scope.table.name(of: alternative.target?.type ?? alternative.root)
        let kind = Swift.type(of: transform)
        guard kind.types.contains(type) else {
          throw node.error(
            .type,
            "the transform \(kind.name) stands on \(kind.types.joined(separator: ", ")); the path leads to \(type)"
          )
        }
      }
    }
    transform = made
    let shape = made?.shape
    if isList || separator != nil, shape != .string {
      throw transformNode.error(.type, "only texts can stand in a list")
    }
    if let joinNode = values["join"], !isList {
      throw joinNode.error(.wrongValue, "join belongs to a list: add list: true")
    }
    for source in sources where !isList && source.choice == .all {
      throw FieldPlan.pathNode(of: source, node).error(
        .notInvertible, "choose: all gives a value for each resource: add list: true")
    }
    for source in sources where isList {
      let repeats = source.path.repeatCount
      guard source.choice == .all || repeats > 0 else {
        throw FieldPlan.pathNode(of: source, node).error(
          .notInvertible, "a list needs a path whose element repeats, or choose: all")
      }
      guard repeats <= 1 else {
        throw FieldPlan.pathNode(of: source, node).error(
          .notInvertible,
          "two elements of this path repeat, so that an item's place is not clear: fix one with [0]")
      }
    }
    guard sources.count == 1 || isList else {
      throw node.error(.notInvertible, "a field of several sources must be a list")
    }
    beside = try FieldPlan.companion("beside", values, sources: sources, type: "string")
    also = try FieldPlan.companion("also", values, sources: sources, type: "string")
  }

  /// Where the path of a source stands in the file.
  private static func pathNode(of source: FieldSource, _ node: MappingNode) -> MappingNode {
    var nodes = [node]
    var at = 0
    while at < nodes.count {
      for (key, value) in (try? nodes[at].entries()) ?? [] {
        if (try? key.string()) == "path", (try? value.string()) == source.path.text { return value }
        if (try? key.string()) == "sources" { nodes += value.items }
      }
      at += 1
    }
    return node
  }

  private static func companion(
    _ key: String, _ values: [String: MappingNode], sources: [FieldSource], type: String
  ) throws(MappingError) -> InvertiblePath? {
    guard let node = values[key] else { return nil }
    guard let source = sources.first, case .root(let root) = source.resource else {
      throw node.error(.wrongValue, "\(key) belongs to a field of the root resource")
    }
    let path = try node.path(from: root)
    guard let target = path.target, target.isPrimitive, DefinitionTable.r4.name(of: target.type) == type
    else {
      throw node.error(.type, "expected a path to a \(type)")
    }
    return path
  }

  private static func sources(
    _ values: [String: MappingNode], _ node: MappingNode, scope: Scope
  ) throws(MappingError) -> [FieldSource] {
    guard let list = values["sources"] else { return [try FieldSource(values, node, scope: scope)] }
    for key in FieldSource.keys where values[key] != nil {
      throw node.error(.wrongValue, "\(key) stands within each of the sources, or there are no sources")
    }
    var sources: [FieldSource] = []
    guard !list.items.isEmpty else { throw list.error(.missingKey, "expected one source at least") }
    for item in list.items {
      sources.append(try FieldSource(try item.values(allowed: FieldSource.keys), item, scope: scope))
    }
    return sources
  }

  /// Whether writing one field may change what the other reads.
  func fights(with other: FieldPlan) -> Bool {
    for mine in targets {
      for theirs in other.targets where mine.source.overlaps(theirs.source) {
        if mine.path.overlaps(theirs.path) {
          if let left = transform?.discriminator, let right = other.transform?.discriminator, left != right {
            continue
          }
          return true
        }
      }
    }
    return false
  }

  private var targets: [(source: FieldSource, path: InvertiblePath)] {
    var targets = sources.map { ($0, $0.path) }
    if let source = sources.first {
      if let beside { targets.append((source, beside)) }
      if let also { targets.append((source, also)) }
    }
    return targets
  }
}
