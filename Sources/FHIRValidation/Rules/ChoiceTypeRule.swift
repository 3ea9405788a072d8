import CDefinitions
import FHIRModel

/// Reports a choice written with a type that the choice does not offer: `valueFoo`, or `value` without a
/// type.
///
/// See https://hl7.org/fhir/R4/formats.html#choice
enum ChoiceTypeRule {
  /// The choice element of a type that a name the type does not have was probably meant for.
  static func choice(named name: String, of type: TypeID, _ table: DefinitionTable) -> definition_element? {
    var best: (length: Int, element: definition_element)?
    for element in table.elements(of: type) where element.flags & UInt16(ELEMENT_CHOICE) != 0 {
      let stem = table.string(of: NameID(rawValue: element.name))
      guard name.hasPrefix(stem) else { continue }
      let rest = name.dropFirst(stem.count)
      guard rest.isEmpty || rest == "[x]" || rest.first?.isUppercase == true else { continue }
      if stem.count > best?.length ?? -1 { best = (stem.count, element) }
    }
    return best?.element
  }

  static func reportType(_ node: Int, name: String, choice: definition_element, _ walk: inout StructureWalk) {
    let table = walk.plan.table
    let stem = table.string(of: NameID(rawValue: choice.name))
    let rest = String(name.dropFirst(stem.count))
    let owner = table.name(of: TypeID(rawValue: choice.owner))
    let refs = (0..<Int(choice.type_ref_count)).map { table.typeRefs[Int(choice.first_type_ref) + $0] }
    let offered = refs.map { table.string(of: NameID(rawValue: $0.json_name)) }
    var message: String
    if rest.isEmpty || rest == "[x]" {
      message = "\(owner).\(stem)[x] must be written with its type"
    } else if isType(rest, table) {
      message = "\(owner).\(stem)[x] may not be of type \(rest)"
    } else {
      message = "\(owner).\(stem)[x] is written '\(name)', but FHIR has no type of that name"
    }
    if offered.count <= 12 {
      message += ": \(offered.joined(separator: ", "))"
    } else if let suggestion = closest(to: name, among: offered) {
      message += "; did you mean '\(suggestion)'?"
    }
    walk.report(.error, .choiceType, at: walk.frame.node, position: node, message)
  }

  /// Whether a choice's ending is a type's name, whose first letter it writes as a capital.
  private static func isType(_ ending: String, _ table: DefinitionTable) -> Bool {
    table.typeID(ending) != nil || table.typeID(ending.prefix(1).lowercased() + ending.dropFirst()) != nil
  }
}
