public import CDefinitions

extension DefinitionTable {
  @inlinable
  package func binding(of element: definition_element) -> definition_binding? {
    element.binding == 0 ? nil : bindings[Int(element.binding) - 1]
  }

  /// The binding of a type as a whole: units of Age, Distance and Duration.
  @inlinable
  package func binding(of type: definition_type) -> definition_binding? {
    type.binding == 0 ? nil : bindings[Int(type.binding) - 1]
  }

  /// The value set that a binding demands in any case: its own if it is required, else its maximum, if it has one.
  ///
  /// See http://hl7.org/fhir/R4/extension-elementdefinition-maxvalueset.html
  @inlinable
  package func requiredValueSet(of binding: definition_binding) -> Int? {
    if binding.strength == UInt8(BINDING_REQUIRED.rawValue) { return Int(binding.value_set) }
    return binding.max_value_set == 0 ? nil : Int(binding.max_value_set) - 1
  }

  /// The index of a value set by its canonical URL, with or without a version (`url|4.0.1`), or nil.
  package func valueSet(_ canonical: String) -> Int? {
    var url = String(canonical.prefix { $0 != "|" })
    return url.withUTF8 { url in
      let slots = section(DEFINITION_VALUE_SET_SLOTS, of: UInt16.self)
      let mask = slots.count - 1
      var slot = Int(definition_hash(url.baseAddress, url.count)) & mask
      while slots[slot] != 0 {
        let index = Int(slots[slot]) - 1
        if equal(bytes(ofString: valueSets[index].url), url) { return index }
        slot = (slot + 1) & mask
      }
      return nil
    }
  }

  /// Whether a value set that lists its codes has one: of that system, or of any if none is given.
  package func contains(
    code: UnsafeBufferPointer<UInt8>, system: UnsafeBufferPointer<UInt8>? = nil, valueSet: Int
  ) -> Bool {
    let set = valueSets[valueSet]
    guard set.codes == UInt8(CODES_LISTED.rawValue) else { return false }
    let slots = section(DEFINITION_CODE_SLOTS, of: UInt32.self)
    let mask = Int(set.slot_mask)
    var slot = Int(definition_hash(code.baseAddress, code.count)) & mask
    while true {
      let entry = slots[Int(set.first_slot) &+ slot]
      if entry == 0 { return false }
      let record = codes[Int(set.first_code) &+ Int(entry) &- 1]
      // A code may stand once for each of several systems.
      if equal(bytes(ofString: record.code), code) {
        guard let system else { return true }
        if equal(bytes(ofString: record.system), system) { return true }
      }
      slot = (slot &+ 1) & mask
    }
  }

  /// The codes of a value set that lists them.
  package func codes(of valueSet: Int) -> UnsafeBufferPointer<definition_code> {
    let set = valueSets[valueSet]
    return UnsafeBufferPointer(
      rebasing: codes[Int(set.first_code)..<Int(set.first_code) + Int(set.code_count)])
  }

  @inline(__always)
  private func equal(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
    a.count == b.count && memoryEqual(a.baseAddress, b.baseAddress, a.count)
  }
}
