extension ElementDefinition {
  /// Takes what a differential says of the element; what it does not say stays.
  ///
  /// See http://hl7.org/fhir/R4/profiling.html#snapshot
  mutating func merge(_ other: ElementDefinition, source: String) {
    if let slicing = other.slicing { self.slicing = slicing }
    if other.states.contains(.min) { min = other.min }
    if other.states.contains(.max) { max = other.max }
    if other.states.contains(.mustSupport) { mustSupport = other.mustSupport }
    // A profile cannot make a modifier any less of one.
    if other.isModifier { isModifier = true }
    if other.states.contains(.isSummary) { isSummary = other.isSummary }
    if !other.types.isEmpty { types = other.types.map { $0.completed(from: types) } }
    if let reference = other.contentReference { contentReference = reference }
    if let value = other.fixed { fixed = value }
    if let value = other.pattern { pattern = value }
    if let value = other.minValue { minValue = value }
    if let value = other.maxValue { maxValue = value }
    if let length = other.maxLength { maxLength = length }
    if other.mustHaveValue { mustHaveValue = true }
    if !other.narrativeLanguages.isEmpty { narrativeLanguages = other.narrativeLanguages }
    if !other.valueAlternatives.isEmpty { valueAlternatives = other.valueAlternatives }
    if var binding = other.binding, !isExtension {
      // A profile may raise the strength of a binding and leave its value set.
      if binding.valueSet.isEmpty, let own = self.binding { binding.valueSet = own.valueSet }
      if !binding.valueSet.isEmpty { self.binding = binding }
    }
    if other.isAttribute { isAttribute = true }
    add(other.constraints, source: source)
  }

  /// Constraints add up; one of a key that is there already replaces it.
  mutating func add(_ others: [Constraint], source: String) {
    for var constraint in others {
      constraint.source = constraint.source ?? source
      if let known = constraints.firstIndex(where: { $0.key == constraint.key }) {
        constraints[known] = constraint
      } else {
        constraints.append(constraint)
      }
    }
  }

  /// Whether this is an extension or a modifier extension.
  var isExtension: Bool { path.hasSuffix(".extension") || path.hasSuffix(".modifierExtension") }
}

extension ElementDefinition.TypeReference {
  /// The FHIR type behind a FHIRPath system type is told by core definitions only.
  fileprivate func completed(from types: [ElementDefinition.TypeReference]) -> Self {
    guard fhirType == nil, let same = types.first(where: { $0.code == code }) else { return self }
    var completed = self
    completed.fhirType = same.fhirType
    return completed
  }
}
