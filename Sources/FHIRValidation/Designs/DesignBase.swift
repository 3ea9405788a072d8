import FHIRDefinitions
import FHIRModel

/// The elements that a profile may speak of: those of its base, and of the types below them.
///
/// See https://hl7.org/fhir/R4/profiling.html
struct DesignBase {
  enum Found {
    case element(Place)
    case missing
    /// What stands there is not at hand.
    case unknown
  }

  struct Place {
    var element: ElementDefinition
    /// Those that the name leaves it: `valueQuantity` is `value[x]` of one type.
    var types: [ElementDefinition.TypeReference]
    /// Whose element it is.
    var structure: StructureDefinition
  }

  private let base: StructureDefinition
  private let definitions: ConformanceStore
  private var indexes: [String: [String: ElementDefinition]] = [:]

  init(_ base: StructureDefinition, definitions: ConformanceStore) {
    self.base = base
    self.definitions = definitions
  }

  private static let hl7 = "http://hl7.org/fhir/StructureDefinition/"

  /// Whether the base slices the element of a path.
  func isSliced(_ path: String) -> Bool {
    base.elements.contains { $0.path == path && $0.slicing != nil }
  }

  /// The element of a path; of a slice of the base, if the id names one that it has.
  mutating func element(path: String, id: String?) -> Found {
    if let id, let own = base.elements.first(where: { $0.id == id }) {
      return .element(Place(element: own, types: own.types, structure: base))
    }
    return element(path.split(separator: ".").map(String.init)[...], of: base)
  }

  /// The element of a path below one that was found, with its types narrowed to some of them.
  mutating func element(
    _ path: [String], below place: Place, types: [ElementDefinition.TypeReference]
  ) -> Found {
    var place = place
    place.types = types
    for (index, name) in path.enumerated() {
      switch child(name, of: place) {
      case .element(let found): if index == path.count - 1 { return .element(found) } else { place = found }
      case let other: return other
      }
    }
    return .element(place)
  }

  private mutating func element(_ path: ArraySlice<String>, of structure: StructureDefinition) -> Found {
    if let own = index(of: structure)[path.joined(separator: ".")] {
      return .element(Place(element: own, types: own.types, structure: structure))
    }
    guard path.count > 1, let name = path.last else { return .missing }
    switch element(path.dropLast(), of: structure) {
    case .element(let parent): return child(name, of: parent)
    case let other: return other
    }
  }

  private mutating func child(_ name: String, of parent: Place) -> Found {
    if let reference = parent.element.contentReference {
      let target = reference.drop { $0 != "#" }.dropFirst().split(separator: ".").map(String.init)
      return element((target + [name])[...], of: parent.structure)
    }
    // What stands in the same structure, a choice by the name of one of its types included.
    let index = index(of: parent.structure)
    let path = parent.element.path
    if let own = index[path + "." + name] {
      return .element(Place(element: own, types: own.types, structure: parent.structure))
    }
    for end in name.indices.dropFirst() where name[end].isUppercase {
      guard let own = index[path + "." + name[..<end] + "[x]"] else { continue }
      let types = own.types.filter { Self.capitalised($0.fhirType ?? $0.code) == name[end...] }
      if !types.isEmpty {
        return .element(Place(element: own, types: types, structure: parent.structure))
      }
    }
    // The root's children all stand in the snapshot.
    guard path.contains(".") else { return .missing }
    guard !parent.types.isEmpty else { return .unknown }
    var result = Found.missing
    for type in parent.types {
      guard let structure = structure(of: type), let root = structure.elements.first?.path else {
        return .unknown
      }
      // Any resource: which one is told by data only.
      if structure.kind == .resource, structure.isAbstract { return .unknown }
      switch element([root, name], of: structure) {
      case .missing: break
      case let found: result = found
      }
    }
    return result
  }

  static func capitalised(_ code: String) -> String { code.prefix(1).uppercased() + code.dropFirst() }

  private func structure(of type: ElementDefinition.TypeReference) -> StructureDefinition? {
    if type.profiles.count == 1, let profile = definitions.structureDefinition(type.profiles[0]) {
      return profile
    }
    let code = type.fhirType ?? type.code
    return definitions.structureDefinition(code.contains("/") ? code : Self.hl7 + code)
  }

  /// A structure's elements by their paths; of slices none.
  private mutating func index(of structure: StructureDefinition) -> [String: ElementDefinition] {
    if let known = indexes[structure.url] { return known }
    var index: [String: ElementDefinition] = [:]
    for element in structure.elements where index[element.path] == nil { index[element.path] = element }
    indexes[structure.url] = index
    return index
  }
}
