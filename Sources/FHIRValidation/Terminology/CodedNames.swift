import CDefinitions
import FHIRModel

/// The elements of coded values, and the types that are.
struct CodedNames: Sendable {
  let coding, code, system, version, display, value: NameID
  let codingType, conceptType, quantityType, identifierType: TypeID?

  init(table: DefinitionTable) {
    func id(_ name: String) -> NameID {
      guard let id = table.nameID(name) else { preconditionFailure("no element is called \(name)") }
      return id
    }
    coding = id("coding")
    code = id("code")
    system = id("system")
    version = id("version")
    display = id("display")
    value = id("value")
    codingType = table.typeID("Coding")
    conceptType = table.typeID("CodeableConcept")
    quantityType = table.typeID("Quantity")
    identifierType = table.typeID("Identifier")
  }

  /// How a type's values bear their code; nil for types that have none.
  func form(of type: TypeID, _ table: DefinitionTable) -> CodedForm? {
    if type == codingType { return .coding }
    if type == conceptType { return .concept }
    if let quantityType, table.isSubtype(type, of: quantityType) { return .quantity }
    return table[type].kind == UInt8(DEFINITION_PRIMITIVE.rawValue) ? .code : nil
  }

  /// Whether values of a type are checked by themselves: their code against its system.
  func isChecked(_ type: TypeID, _ table: DefinitionTable) -> Bool {
    if type == codingType || type == identifierType { return true }
    return quantityType.map { table.isSubtype(type, of: $0) } ?? false
  }
}

/// How a value bears its code.
enum CodedForm {
  /// The value is the code: code, string, uri.
  case code
  case coding
  case quantity
  /// A CodeableConcept, any of whose codings will do.
  case concept
}
