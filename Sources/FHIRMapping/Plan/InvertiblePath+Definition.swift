import CDefinitions
import FHIRModel
import FHIRPath

/// What the definitions say of the element at a path's end.
extension InvertiblePath {
  /// Its definition, and which of its types the path means.
  func definition(_ table: DefinitionTable) -> (element: definition_element, type: definition_type_ref)? {
    var owner = root
    var found: (definition_element, definition_type_ref)?
    for segment in segments {
      guard let child = table.child(segment.child.id, of: owner) else { return nil }
      found = (table.elements[child.element], table.typeRefs[child.typeRef])
      owner = segment.child.type
    }
    return found
  }

  /// The codes of which it must have one; nil where any may stand there, or the value set does not list them.
  func requiredCodes(_ table: DefinitionTable) -> Set<String>? {
    guard let element = definition(table)?.element, let binding = table.binding(of: element),
      let set = table.requiredValueSet(of: binding)
    else { return nil }
    let codes = table.codes(of: set).map { table.string($0.code) }
    return codes.isEmpty ? nil : Set(codes)
  }
}
