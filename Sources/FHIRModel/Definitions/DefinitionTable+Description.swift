internal import CDefinitions

extension DefinitionTable {
  /// What the table says of a type, a line an element: for people and for golden tests.
  ///
  ///     Observation : DomainResource, resource
  ///       value[x] 0..1 Quantity (valueQuantity) | CodeableConcept (valueCodeableConcept) …, summary
  package func description(of type: TypeID) -> String {
    let record = self[type]
    var text = name(of: type)
    if let base = base(of: type) { text += " : " + name(of: base) }
    text += ", " + Self.kindNames[Int(record.kind)]
    if record.flags & UInt8(TYPE_ABSTRACT) != 0 { text += ", abstract" }
    if record.flags & UInt8(TYPE_CONSTRAINT) != 0 { text += ", constraint" }
    if record.grammar != 0 { text += ", grammar \(record.grammar)" }
    if let binding = binding(of: record) { text += ", " + description(of: binding) }
    text += invariantKeys(invariants(of: type)) + "\n"
    for element in elements(of: type) { text += "  " + description(of: element) + "\n" }
    return text
  }

  private static let kindNames = ["primitive", "datatype", "backbone", "resource"]
  private static let strengthNames = ["example", "preferred", "extensible", "required"]

  private func description(of element: definition_element) -> String {
    let isChoice = element.flags & UInt16(ELEMENT_CHOICE) != 0
    var text = string(of: NameID(rawValue: element.name)) + (isChoice ? "[x]" : "")
    text += " \(element.min).." + (element.max == UInt16(DEFINITION_UNBOUNDED) ? "*" : "\(element.max)") + " "
    text += typeRefs(of: element).map { ref in
      var text = name(of: TypeID(rawValue: ref.type))
      if ref.profile != UInt16(DEFINITION_NONE) { text += "{\(name(of: TypeID(rawValue: ref.profile)))}" }
      if isChoice { text += " (\(string(of: NameID(rawValue: ref.json_name))))" }
      let targets = targets(of: ref)
      if !targets.isEmpty {
        text += " -> " + targets.map { name(of: TypeID(rawValue: $0)) }.joined(separator: ", ")
      }
      return text
    }.joined(separator: " | ")
    for (flag, word) in [
      (ELEMENT_ATTRIBUTE, "attribute"), (ELEMENT_MODIFIER, "modifier"), (ELEMENT_SUMMARY, "summary"),
      (ELEMENT_RESOURCE, "holds a resource"),
    ] where element.flags & UInt16(flag) != 0 {
      text += ", " + word
    }
    if let binding = binding(of: element) { text += ", " + description(of: binding) }
    return text + invariantKeys(invariants(of: element))
  }

  private func description(of binding: definition_binding) -> String {
    var text = Self.strengthNames[Int(binding.strength)] + " " + string(valueSets[Int(binding.value_set)].url)
    if binding.max_value_set != 0 { text += " max " + string(valueSets[Int(binding.max_value_set) - 1].url) }
    return text
  }

  private func invariantKeys(_ invariants: [definition_invariant]) -> String {
    invariants.isEmpty ? "" : ", invariants " + invariants.map { string($0.key) }.joined(separator: " ")
  }
}
