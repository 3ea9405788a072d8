import CDefinitions
import FHIRDefinitions
import FHIRModel

/// What the definition table says of an element that a snapshot names.
struct ElementBase {
  let element: definition_element
  /// The names under which it may stand, and the type that each means.
  let names: [(name: NameID, type: TypeID)]

  var types: [TypeID] { names.map(\.type) }

  /// The element of that name (`value[x]`, `valueQuantity`, `status`) in the first of some types that has it.
  init?(_ name: String, of types: [TypeID], _ table: DefinitionTable) {
    let stem = name.hasSuffix("[x]") ? String(name.dropLast(3)) : name
    guard let id = table.nameID(stem) else { return nil }
    for type in types {
      let plain = table.elements(of: type).first { $0.name == id.rawValue }
      guard let element = plain ?? table.child(id, of: type).map({ table.elements[$0.element] }) else {
        continue
      }
      self.element = element
      names = table.typeRefs(of: element).map {
        (NameID(rawValue: $0.json_name), TypeID(rawValue: $0.type))
      }
      return
    }
    return nil
  }
}

extension SnapshotElement {
  /// The types that the definition allows; empty if it names none.
  func allowedTypes(_ table: DefinitionTable) -> [TypeID] {
    if let choiceType, let type = table.typeID(choiceType) { return [type] }
    return definition.types.flatMap { reference -> [TypeID] in
      guard let type = reference.typeID(table) else { return [] }
      // A profile that is a type's own definition narrows the type: Resource with the profile Patient.
      let narrowed = reference.profiles.compactMap { CoreType.id($0, table) }
      return narrowed.count == reference.profiles.count && !narrowed.isEmpty ? narrowed : [type]
    }
  }
}

extension ElementDefinition.TypeReference {
  /// The type; FHIRPath's own types stand for the FHIR type that an extension names.
  func typeID(_ table: DefinitionTable) -> TypeID? {
    if let known = table.typeID(code) { return known }
    if let fhirType { return table.typeID(fhirType) }
    guard code.hasPrefix("http://hl7.org/fhirpath/System.") else { return nil }
    return table.typeID(String(code.dropFirst("http://hl7.org/fhirpath/System.".count)).lowercased())
  }
}

/// A canonical URL of one of the core's own types.
enum CoreType {
  private static let prefix = "http://hl7.org/fhir/StructureDefinition/"

  /// The type whose definition the canonical is; nil for profiles and for types of others.
  static func id(_ canonical: String, _ table: DefinitionTable) -> TypeID? {
    guard canonical.hasPrefix(prefix) else { return nil }
    let name = canonical.dropFirst(prefix.count).prefix { $0 != "|" }
    guard let type = table.typeID(String(name)), table[type].flags & UInt8(TYPE_CONSTRAINT) == 0 else {
      return nil
    }
    return type
  }
}

extension DefinitionTable {
  /// Whether a value of a type is one of another where several types may stand: only abstract types stand for those that are
  /// derived from them.
  func isChosen(_ type: TypeID, as other: TypeID) -> Bool {
    type == other || self[other].flags & UInt8(TYPE_ABSTRACT) != 0 && isSubtype(type, of: other)
  }
}
