import CDefinitions
import FHIRModel
import Synchronization

/// A definition table as expressions need it: which names choices go by, and the types that the language knows.
final class Schema: @unchecked Sendable {
  // Safe to share: `choices` is written in `init` only, and lives as long as this.

  let table: DefinitionTable
  /// For `valueQuantity` the name `value`; 0 for names that stand for no choice anywhere.
  let choices: UnsafeMutablePointer<UInt16>
  let nameCount: Int
  let quantity: UInt16
  let quantityNames: (value: NameID, unit: NameID, system: NameID, code: NameID)
  let names: (reference: NameID, id: NameID, extension: NameID, url: NameID)
  let reference: UInt16
  private let choiceNames: Set<UInt16>

  private static let known = Mutex<[Int: Schema]>([:])

  /// There is one for each table, and tables live as long as the process.
  static func of(_ table: DefinitionTable) -> Schema {
    let key = Int(bitPattern: table.types.baseAddress)
    return known.withLock { known -> Schema in
      if let schema = known[key] { return schema }
      let schema = Schema(table)
      known[key] = schema
      return schema
    }
  }

  private init(_ table: DefinitionTable) {
    self.table = table
    nameCount = table.nameCount
    choices = .allocate(capacity: max(nameCount, 1))
    choices.initialize(repeating: 0, count: max(nameCount, 1))
    quantity = table.typeID("Quantity")?.rawValue ?? NodeRef.unknownType
    reference = table.typeID("Reference")?.rawValue ?? NodeRef.unknownType
    func name(_ text: String) -> NameID { table.nameID(text) ?? .root }
    quantityNames = (name("value"), name("unit"), name("system"), name("code"))
    self.names = (name("reference"), name("id"), name("extension"), name("url"))
    var names: Set<UInt16> = []
    for element in table.elements where element.flags & UInt16(ELEMENT_CHOICE) != 0 {
      names.insert(element.name)
      for ref in table.typeRefs(of: element) { choices[Int(ref.json_name)] = element.name }
    }
    choiceNames = names
  }

  deinit { choices.deallocate() }

  /// Whether some type has a choice of that name: `value`.
  func isChoice(_ name: NameID) -> Bool { choiceNames.contains(name.rawValue) }

  func isAbstract(_ type: TypeID) -> Bool { table[type].flags & UInt8(TYPE_ABSTRACT) != 0 }
  func isPrimitive(_ type: TypeID) -> Bool { table[type].kind == UInt8(DEFINITION_PRIMITIVE.rawValue) }
  func isResource(_ type: TypeID) -> Bool { table[type].kind == UInt8(DEFINITION_RESOURCE.rawValue) }

  /// Abstract types stand for whatever is derived from them, as do backbone elements in their general form.
  func isOpen(_ type: TypeID) -> Bool { isAbstract(type) || table.name(of: type) == "BackboneElement" }

  /// The element that a path names; `value` for a choice.
  func element(_ name: String, of type: TypeID) -> definition_element? {
    guard let id = table.nameID(name) else { return nil }
    return table.elements(of: type).first { $0.name == id.rawValue }
  }

  func describeUnknown(_ name: String, of type: TypeID) -> String {
    let owner = table.name(of: type)
    // `valueQuantity` is how JSON writes a choice, not how FHIRPath names it.
    if let id = table.nameID(name), let child = table.child(id, of: type) {
      let plain = table.string(of: NameID(rawValue: table.elements[child.element].name))
      let chosen = table.name(of: table.type(of: child))
      return "\(owner) has no element \(name): write \(plain).ofType(\(chosen))"
    }
    let names = table.elements(of: type).map { table.string(of: NameID(rawValue: $0.name)) }
    let near = closest(to: name, among: names)
    return "\(owner) has no element \(name)" + (near.map { ": did you mean \($0)?" } ?? "")
  }
}
