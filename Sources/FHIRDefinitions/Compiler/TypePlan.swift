internal import CDefinitions

/// A type of the table to be: a primitive, a datatype, a resource, or an element with elements of its own.
struct PlannedType {
  var name: String
  /// Empty for a backbone element.
  var url: String
  /// `definition_kind`.
  var kind: UInt8
  /// `definition_grammar`.
  var grammar: UInt8
  var isAbstract: Bool
  var isConstraint: Bool
  /// Index of the type this is derived from.
  var base: Int?
  /// Index of the structure it stands in.
  var structure: Int
  /// The structure's root, or the backbone element.
  var root: ElementDefinition
  var elements: [PlannedElement] = []

  var constraints: [ElementDefinition.Constraint] { root.constraints }
}

struct PlannedElement {
  var definition: ElementDefinition
  /// `value` of `value[x]`.
  var name: String
  var isChoice: Bool
  var types: [PlannedTypeReference]
}

struct PlannedTypeReference {
  var type: Int
  /// `valueQuantity`.
  var jsonName: String
  /// Types that a Reference or canonical may point to; none is any.
  var targets: [Int]
  /// A profile of `type` that is a type of the table as well.
  var profile: Int?
}

/// The types that packages define, in the order of a table: primitives, datatypes, resources, backbone elements.
struct TypePlan {
  let structures: [StructureDefinition]
  private(set) var types: [PlannedType] = []
  private let structureByURL: [String: Int]
  private var typeByURL: [String: Int] = [:]
  private var typeByName: [String: Int] = [:]
  /// Of each structure: the types of its paths.
  private var typeByPath: [Int: [String: Int]] = [:]

  init(packages: [DefinitionPackage]) throws(DefinitionError) {
    structures = packages.flatMap(\.structures)
    structureByURL = Dictionary(
      structures.enumerated().map { ($1.url, $0) }, uniquingKeysWith: { first, _ in first })
    let datatypes = packages.lazy.flatMap(\.codeSystems).first { $0.url == "http://hl7.org/fhir/data-types" }
    let datatypeNames = Set(datatypes?.concepts.map(\.code) ?? [])
    let chosen = structures.indices.filter { i in
      structureByURL[structures[i].url] == i && Self.definesType(structures[i], datatypeNames)
    }
    for structure in chosen where structures[structure].elements.isEmpty {
      throw structures[structure].malformed("has no snapshot")
    }
    try addTypes(chosen)
    try addBackbones(chosen)
    for index in types.indices where !types[index].url.isEmpty {
      types[index].base = try base(of: structures[types[index].structure])
    }
    for structure in chosen { try addElements(of: structure) }
  }

  /// Whether a structure is a type of its own; SimpleQuantity and MoneyQuantity are, though they constrain Quantity.
  private static func definesType(_ structure: StructureDefinition, _ datatypes: Set<String>) -> Bool {
    guard structure.kind != .logical else { return false }
    return !structure.isConstraint || structure.kind == .complex && datatypes.contains(structure.lastURLPart)
  }

  // MARK: Types

  private mutating func addTypes(_ chosen: [Int]) throws(DefinitionError) {
    let sorted = chosen.sorted {
      let (a, b) = (structures[$0], structures[$1])
      return (rank(a), name(a)) < (rank(b), name(b))
    }
    for index in sorted {
      let structure = structures[index]
      let name = name(structure)
      guard typeByName[name] == nil else {
        throw structure.malformed("defines the type \(name) a second time")
      }
      let root = structure.elements[0]
      typeByURL[structure.url] = types.count
      typeByName[name] = types.count
      typeByPath[index] = [root.path: types.count]
      types.append(
        PlannedType(
          name: name, url: structure.url, kind: kind(structure), grammar: Self.grammar(of: structure),
          isAbstract: structure.isAbstract, isConstraint: structure.isConstraint, base: nil, structure: index,
          root: root))
    }
  }

  /// A type bears the name that data write (`type`), a profile that of its URL.
  private func name(_ structure: StructureDefinition) -> String {
    structure.isConstraint ? structure.lastURLPart : structure.type
  }

  private func rank(_ structure: StructureDefinition) -> Int {
    switch structure.kind {
    case .primitive: 0
    case .complex, .logical: 1
    case .resource: 2
    }
  }

  private func kind(_ structure: StructureDefinition) -> UInt8 {
    switch structure.kind {
    case .primitive: UInt8(DEFINITION_PRIMITIVE.rawValue)
    case .complex, .logical: UInt8(DEFINITION_DATATYPE.rawValue)
    case .resource: UInt8(DEFINITION_RESOURCE.rawValue)
    }
  }

  private func base(of structure: StructureDefinition) throws(DefinitionError) -> Int? {
    guard let url = structure.base else { return nil }
    guard let type = typeByURL[url] else { throw structure.missing("its base \(url)") }
    return type
  }

  /// Elements that have elements below them are types of their own.
  private mutating func addBackbones(_ chosen: [Int]) throws(DefinitionError) {
    let sorted = chosen.sorted { name(structures[$0]) < name(structures[$1]) }
    for index in sorted where structures[index].kind != .primitive {
      let structure = structures[index]
      let rootPath = structure.elements[0].path
      let parents = Set(structure.elements.dropFirst().compactMap { Self.parent(of: $0.path) })
      for element in structure.elements.dropFirst() where parents.contains(element.path) {
        guard element.sliceName == nil, typeByPath[index]?[element.path] == nil else {
          throw structure.malformed("defines \(element.path) a second time")
        }
        guard let base = element.types.first.flatMap({ typeByName[$0.code] }) else {
          throw structure.missing("the type of \(element.path)")
        }
        let name = self.name(structure) + element.path.dropFirst(rootPath.count)
        typeByPath[index]?[element.path] = types.count
        typeByName[name] = types.count
        types.append(
          PlannedType(
            name: name, url: "", kind: UInt8(DEFINITION_BACKBONE.rawValue), grammar: 0, isAbstract: false,
            isConstraint: false, base: base, structure: index, root: element))
      }
    }
  }

  static func parent(of path: String) -> String? {
    path.lastIndex(of: ".").map { String(path[..<$0]) }
  }

  // MARK: Elements

  private mutating func addElements(of index: Int) throws(DefinitionError) {
    let structure = structures[index]
    for element in structure.elements.dropFirst() {
      guard let parent = Self.parent(of: element.path), let owner = typeByPath[index]?[parent] else {
        throw structure.malformed("has \(element.path) without the element above it")
      }
      // A primitive's own text is no element of JSON or XML; its grammar stands with the type.
      if structure.kind == .primitive, element.path == structure.elements[0].path + ".value" { continue }
      types[owner].elements.append(try plan(element, in: index))
    }
  }

  private func plan(_ element: ElementDefinition, in index: Int) throws(DefinitionError) -> PlannedElement {
    let structure = structures[index]
    let last = element.path[(element.path.lastIndex(of: ".") ?? element.path.startIndex)...].dropFirst()
    let isChoice = last.hasSuffix("[x]")
    let name = String(isChoice ? last.dropLast(3) : last)
    var refs: [PlannedTypeReference] = []
    if let reference = element.contentReference {
      let path = String(reference.drop { $0 != "#" }.dropFirst())
      guard let type = typeByPath[index]?[path] else {
        throw structure.missing("the content reference \(reference)")
      }
      refs = [PlannedTypeReference(type: type, jsonName: name, targets: [], profile: nil)]
    } else if let backbone = typeByPath[index]?[element.path] {
      refs = [PlannedTypeReference(type: backbone, jsonName: name, targets: [], profile: nil)]
    } else {
      for reference in element.types {
        let code = try Self.typeName(of: reference, element: element, in: structure)
        guard let type = typeByName[code] else {
          throw structure.missing("the type \(code) of \(element.path)")
        }
        refs.append(
          PlannedTypeReference(
            type: type, jsonName: isChoice ? name + code.prefix(1).uppercased() + code.dropFirst() : name,
            targets: targets(reference), profile: reference.profiles.first.flatMap { typeByURL[$0] }))
      }
    }
    return PlannedElement(definition: element, name: name, isChoice: isChoice, types: refs)
  }

  /// The types of the resources that a reference may point to; none if it may point to any, or to what is unknown here.
  private func targets(_ reference: ElementDefinition.TypeReference) -> [Int] {
    var targets: [Int] = []
    for url in reference.targetProfiles {
      guard let index = structureByURL[url], let type = typeByName[structures[index].type],
        !types[type].isAbstract
      else { return [] }
      if !targets.contains(type) { targets.append(type) }
    }
    return targets
  }

  /// The FHIR type that a type's code stands for.
  private static func typeName(
    of reference: ElementDefinition.TypeReference, element: ElementDefinition,
    in structure: StructureDefinition
  ) throws(DefinitionError) -> String {
    let system = "http://hl7.org/fhirpath/System."
    guard reference.code.hasPrefix(system) else { return reference.code }
    // R4 calls a resource's id a string there; it is an id. See http://hl7.org/fhir/R4/resource.html#id
    if element.basePath == "Resource.id" { return "id" }
    if let type = reference.fhirType { return type }
    let name = reference.code.dropFirst(system.count)
    switch name {
    case "String", "Boolean", "Integer", "Decimal", "Date", "Time": return name.lowercased()
    case "DateTime": return "dateTime"
    default: throw structure.missing("the type \(reference.code) of \(element.path)")
    }
  }

  // MARK: Invariants

  /// The constraints that are the element's own.
  ///
  /// Snapshots repeat on every element the constraints of its type (ele-1, ext-1); those are checked with the type.
  func ownConstraints(of element: PlannedElement) -> [ElementDefinition.Constraint] {
    element.definition.constraints.filter { constraint in
      element.types.isEmpty
        || !element.types.allSatisfy { ref in
          types[ref.type].constraints.contains {
            $0.key == constraint.key && $0.expression == constraint.expression
          }
        }
    }
  }

  // MARK: Primitives

  private static func grammar(of structure: StructureDefinition) -> UInt8 {
    guard structure.kind == .primitive, let grammar = grammars[structure.type] else { return 0 }
    return UInt8(grammar.rawValue)
  }

  /// See http://hl7.org/fhir/R4/datatypes.html#primitive
  private static let grammars: [String: definition_grammar] = [
    "boolean": GRAMMAR_BOOLEAN, "integer": GRAMMAR_INTEGER, "positiveInt": GRAMMAR_POSITIVE_INT,
    "unsignedInt": GRAMMAR_UNSIGNED_INT, "decimal": GRAMMAR_DECIMAL, "string": GRAMMAR_STRING,
    "markdown": GRAMMAR_MARKDOWN, "code": GRAMMAR_CODE, "id": GRAMMAR_ID, "uri": GRAMMAR_URI,
    "url": GRAMMAR_URL,
    "canonical": GRAMMAR_CANONICAL, "oid": GRAMMAR_OID, "uuid": GRAMMAR_UUID, "base64Binary": GRAMMAR_BASE64,
    "date": GRAMMAR_DATE, "dateTime": GRAMMAR_DATETIME, "instant": GRAMMAR_INSTANT, "time": GRAMMAR_TIME,
    "xhtml": GRAMMAR_XHTML,
  ]
}

extension StructureDefinition {
  /// `SimpleQuantity` of `http://hl7.org/fhir/StructureDefinition/SimpleQuantity`; names are not unique, URLs are.
  var lastURLPart: String {
    String(url[(url.lastIndex(of: "/").map(url.index(after:)) ?? url.startIndex)...])
  }

  func malformed(_ message: String) -> DefinitionError {
    DefinitionError(.malformed, package: package, file: file, message)
  }

  func missing(_ what: String) -> DefinitionError {
    DefinitionError(.missing, package: package, file: file, "\(what) is defined in none of the packages")
  }
}
