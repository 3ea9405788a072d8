public import CDefinitions

extension DefinitionTable {
  /// The type that a type is derived from; nil for Element and Resource.
  @inlinable
  package func base(of type: TypeID) -> TypeID? {
    let base = self[type].base
    return base == UInt16(DEFINITION_NONE) ? nil : TypeID(rawValue: base)
  }

  /// Whether a type is another, or derived from it: an Age is a Quantity, a Patient a DomainResource.
  package func isSubtype(_ type: TypeID, of other: TypeID) -> Bool {
    var type = type
    // A table's chains of bases end: `isSound` sees to it.
    while type != other {
      guard let base = base(of: type) else { return false }
      type = base
    }
    return true
  }

  /// The concrete resource types, in the order of their names.
  package var resourceTypes: [TypeID] {
    types.indices.filter {
      types[$0].kind == UInt8(DEFINITION_RESOURCE.rawValue) && types[$0].flags & UInt8(TYPE_ABSTRACT) == 0
    }.map { TypeID(rawValue: UInt16($0)) }
  }

  /// The types that an element may have; more than one only for a choice.
  @inlinable
  package func typeRefs(of element: definition_element) -> UnsafeBufferPointer<definition_type_ref> {
    let first = Int(element.first_type_ref)
    return UnsafeBufferPointer(rebasing: typeRefs[first..<first + Int(element.type_ref_count)])
  }

  /// The TypeIDs of the resources that a Reference or canonical may point to; none is any.
  @inlinable
  package func targets(of ref: definition_type_ref) -> UnsafeBufferPointer<UInt16> {
    let first = Int(ref.first_target)
    return UnsafeBufferPointer(rebasing: targets[first..<first + Int(ref.target_count)])
  }

  // MARK: Invariants

  /// The invariants of every element of a type, inherited ones included. Those of a backbone element stand with its type.
  package func invariants(of type: TypeID) -> [definition_invariant] {
    let record = self[type]
    return invariants(at: record.first_invariant_ref, record.invariant_count)
  }

  /// The invariants that hold for one element beside those of its type.
  package func invariants(of element: definition_element) -> [definition_invariant] {
    invariants(at: element.first_invariant_ref, element.invariant_count)
  }

  private func invariants(at first: UInt32, _ count: UInt16) -> [definition_invariant] {
    invariantRefs[Int(first)..<Int(first) + Int(count)].map { invariants[Int($0)] }
  }

  // MARK: Where it comes from

  /// The packages that the table was made from, as `name#version`.
  package var packages: [String] {
    section(DEFINITION_PACKAGES, of: definition_package.self).map {
      string($0.name) + "#" + string($0.version)
    }
  }
}
