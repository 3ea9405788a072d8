internal import FHIRModel

/// What of a conformance resource is a fact that validation asks for; all else (texts, contacts, mappings) is left out.
struct ConformanceFilter {
  /// What is kept of an object: its members, each with what is kept of it in turn.
  private typealias Shape = [String: Kept]

  private enum Kept {
    /// All of it.
    case whole
    /// What the shape of that name says.
    case shape(String)
  }

  private static let shapes: [String: Shape] = [
    "StructureDefinition": members(
      "id url version name status kind abstract contextInvariant type baseDefinition derivation fhirVersion",
      ["context": "context", "snapshot": "snapshot"]),
    "context": members("type expression"),
    "snapshot": members("", ["element": "element"]),
    "element": members(
      """
      id path representation sliceName sliceIsConstraining min max base contentReference maxLength condition \
      mustSupport isModifier isSummary
      """,
      ["slicing": "slicing", "type": "type", "constraint": "constraint", "binding": "binding"]),
    "slicing": members("discriminator ordered rules"),
    "type": members("code profile targetProfile aggregation versioning"),
    "constraint": members("key severity expression source"),
    "binding": members("strength valueSet"),

    "ValueSet": members(
      "id url version name status", ["compose": "compose", "expansion": "expansion"]),
    "compose": members("lockedDate inactive", ["include": "include", "exclude": "include"]),
    "include": members("system version filter valueSet", ["concept": "member"]),
    "member": members("code display"),
    "expansion": members("total parameter", ["contains": "contains"]),
    "contains": members("system abstract inactive version code display", ["contains": "contains"]),

    "CodeSystem": members(
      "id url version name status caseSensitive valueSet hierarchyMeaning compositional content supplements",
      ["filter": "filter", "property": "property", "concept": "concept"]),
    "filter": members("code operator value"),
    "property": members("code uri type"),
    "concept": members("code display property", ["concept": "concept", "designation": "designation"]),
    // The names of a concept in other languages: data may bear any of them.
    "designation": members("language value"),
  ]

  private static func members(_ whole: String, _ shapes: [String: String] = [:]) -> Shape {
    var shape = Shape(uniqueKeysWithValues: whole.split(separator: " ").map { (String($0), .whole) })
    for (name, inner) in shapes { shape[name] = .shape(inner) }
    return shape
  }

  /// The extensions that say something a validator heeds; wherever they stand.
  private static let extensions: Set<String> = Set(
    [
      "structuredefinition-fhir-type", "regex", "elementdefinition-bestpractice",
      "elementdefinition-maxValueSet", "elementdefinition-minValueSet", "elementdefinition-allowedUnits",
      "elementdefinition-inheritedExtensibleValueSet", "valueset-toocostly", "valueset-unclosed",
    ].map { "http://hl7.org/fhir/StructureDefinition/" + $0 })

  private let tree: ResourceTree
  private let table: DefinitionTable
  private let keepsExpansion: Bool
  private var nodes: [Node] = []

  /// The facts of a resource, as a tree over the same text; nil for one that states none.
  ///
  /// - Parameter keepsExpansion: whether a value set's expansion is wanted.
  static func facts(
    of tree: ResourceTree, table: DefinitionTable, keepsExpansion: Bool
  ) -> ResourceTree? {
    guard case .chunk(let chunk) = tree.origin, shapes[tree.string(at: 0)] != nil else { return nil }
    var filter = ConformanceFilter(tree: tree, table: table, keepsExpansion: keepsExpansion)
    filter.copy(0, .shape(tree.string(at: 0)))
    return filter.nodes.withUnsafeBufferPointer {
      ResourceTree(chunk: chunk, copying: $0, unknownNames: tree.unknownNames)
    }
  }

  private init(tree: ResourceTree, table: DefinitionTable, keepsExpansion: Bool) {
    self.tree = tree
    self.table = table
    self.keepsExpansion = keepsExpansion
  }

  private mutating func copy(_ index: Int, _ kept: Kept) {
    let copied = nodes.count
    nodes.append(tree.nodes[index])
    for child in tree.children(of: index) {
      let name = tree.nameString(of: child, table: table)
      switch kept {
      case .whole:
        // Element ids within values are no facts, but everything else of a fixed value counts.
        copy(child, .whole)
      case .shape(let shape):
        if name == "extension" {
          if let url = tree.child(named: "url", of: child, table: table), Self.extensions.contains(url) {
            copy(child, .whole)
          }
        } else if let inner = Self.shapes[shape]?[name] {
          if name == "expansion" && !keepsExpansion { continue }
          copy(child, inner)
        } else if shape == "element", Self.valuePrefixes.contains(where: name.hasPrefix) {
          copy(child, .whole)
        }
      }
    }
    nodes[copied].end = UInt32(nodes.count)
  }

  /// Members of an element whose names go on with a type: `fixedCode`, `patternCodeableConcept`, `minValueInteger`.
  private static let valuePrefixes = ["fixed", "pattern", "minValue", "maxValue"]
}

extension ResourceTree {
  /// The text of the first child of that name.
  fileprivate func child(named name: String, of index: Int, table: DefinitionTable) -> String? {
    children(of: index).first { nameString(of: $0, table: table) == name }.map { string(at: $0) }
  }
}
