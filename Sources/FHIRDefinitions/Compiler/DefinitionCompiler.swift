internal import CDefinitions

/// Compiles packages into the bytes of a definition table, whose layout is in `CDefinitions.h`.
///
/// The types of a table are those that the packages define; each must find its base, its elements' types and its
/// content references among them. The same packages give the same bytes, in whatever order their files stand.
package struct DefinitionCompiler {
  private let packages: [DefinitionPackage]
  private let listed: [String]
  let plan: TypePlan
  let expansion: ValueSetExpansion
  var sections = TableSections()
  private(set) var invariants: InvariantNumbers
  private var bindingNumbers: [BindingKey: UInt32] = [:]
  private var valueSetNumbers: [String: UInt32] = [:]
  private var valueSetURLs: [String] = []
  /// Value sets whose codes go into the table.
  private var wanted: Set<UInt32> = []

  private struct BindingKey: Hashable {
    let valueSet: String
    let maxValueSet: String?
    let strength: ElementDefinition.ElementBinding.Strength
  }

  /// - Parameters:
  ///   - packages: the core, and what stands on it. Of two definitions with one URL the first counts.
  ///   - listed: value sets whose codes are wanted though no element is bound to them with force.
  package init(packages: [DefinitionPackage], listing listed: [String] = []) throws(DefinitionError) {
    try Self.checkVersions(packages)
    self.packages = packages
    self.listed = listed
    plan = try TypePlan(packages: packages)
    invariants = InvariantNumbers(plan: plan)
    expansion = ValueSetExpansion(
      valueSets: packages.flatMap(\.valueSets), codeSystems: packages.flatMap(\.codeSystems))
  }

  /// The table's bytes.
  package func table() throws(DefinitionError) -> [UInt8] {
    var compiler = self
    return try compiler.compile()
  }

  private mutating func compile() throws(DefinitionError) -> [UInt8] {
    for package in packages {
      sections.packages.append(
        definition_package(
          name: sections.string(package.manifest.name), version: sections.string(package.manifest.version)))
    }
    for type in plan.types.indices { try add(type) }
    for url in listed { wanted.insert(try valueSetNumber(url)) }
    for url in valueSetURLs.indices { addCodes(of: url) }
    sections.addInvariants(invariants)
    guard sections.nameCount < 0x8000 else { throw full("element names") }
    return sections.bytes(typeNames: plan.types.map(\.name), valueSetURLs: valueSetURLs)
  }

  // MARK: Types

  private mutating func add(_ index: Int) throws(DefinitionError) {
    let type = plan.types[index]
    let firstElement = sections.elements.count
    var slots: [definition_child] = []
    for (order, element) in type.elements.enumerated() {
      let number = UInt32(sections.elements.count)
      let refs = try addElement(element, of: index, order: order)
      for (offset, name) in refs.enumerated() {
        slots.append(definition_child(name: name, type_ref: UInt16(offset), element: number))
      }
    }
    let firstSlot = sections.children.count
    let filled = TableSections.slots(for: slots.count, at: { definition_child_hash(slots[$0].name) })
    sections.children.append(
      contentsOf: filled.map {
        $0 == 0 ? definition_child(name: 0, type_ref: 0, element: 0) : slots[Int($0) - 1]
      })

    let firstInvariant = sections.invariantRefs.count
    sections.invariantRefs.append(contentsOf: try numbers(of: type.constraints, in: type))
    sections.types.append(
      definition_type(
        name: sections.string(type.name),
        base: try type.base.map { (base) throws(DefinitionError) in try narrow(base, "types") }
          ?? UInt16(DEFINITION_NONE),
        kind: type.kind,
        flags: UInt8((type.isAbstract ? TYPE_ABSTRACT : 0) | (type.isConstraint ? TYPE_CONSTRAINT : 0)),
        first_element: UInt32(firstElement),
        first_child_slot: UInt32(firstSlot),
        element_count: try narrow(type.elements.count, "elements of \(type.name)"),
        child_slot_mask: try narrow(filled.count - 1, "elements of \(type.name)"),
        first_invariant_ref: UInt32(firstInvariant),
        invariant_count: try narrow(type.constraints.count, "invariants of \(type.name)"),
        grammar: type.grammar,
        reserved: 0,
        url: sections.string(type.url),
        binding: try bindingNumber(type.root.binding)))
  }

  /// Adds an element and its type references; returns the names under which JSON and XML write it.
  private mutating func addElement(
    _ element: PlannedElement, of owner: Int, order: Int
  ) throws(DefinitionError) -> [UInt16] {
    let type = plan.types[owner]
    let definition = element.definition
    let firstRef = sections.typeRefs.count
    var names: [UInt16] = []
    for ref in element.types {
      let name = sections.name(ref.jsonName)
      names.append(name)
      let firstTarget = sections.targets.count
      for target in ref.targets { sections.targets.append(try narrow(target, "types")) }
      sections.typeRefs.append(
        definition_type_ref(
          type: try narrow(ref.type, "types"), json_name: name, first_target: UInt32(firstTarget),
          target_count: try narrow(ref.targets.count, "targets of \(definition.path)"),
          profile: try ref.profile.map { (profile) throws(DefinitionError) in try narrow(profile, "types") }
            ?? UInt16(DEFINITION_NONE)))
    }
    var flags: Int32 = 0
    if element.isChoice { flags |= ELEMENT_CHOICE }
    if definition.isAttribute { flags |= ELEMENT_ATTRIBUTE }
    if definition.isModifier { flags |= ELEMENT_MODIFIER }
    if definition.isSummary { flags |= ELEMENT_SUMMARY }
    if element.types.contains(where: { plan.types[$0.type].kind == UInt8(DEFINITION_RESOURCE.rawValue) }) {
      flags |= ELEMENT_RESOURCE
    }
    let own = plan.ownConstraints(of: element)
    let firstInvariant = sections.invariantRefs.count
    sections.invariantRefs.append(contentsOf: try numbers(of: own, in: type))
    sections.elements.append(
      definition_element(
        name: sections.name(element.name),
        flags: UInt16(flags),
        min: try narrow(definition.min, "occurrences of \(definition.path)"),
        max: try definition.max.map { (max) throws(DefinitionError) in
          try narrow(max, "occurrences of \(definition.path)")
        } ?? UInt16(DEFINITION_UNBOUNDED),
        first_type_ref: UInt32(firstRef),
        type_ref_count: try narrow(element.types.count, "types of \(definition.path)"),
        owner: try narrow(owner, "types"),
        path: sections.string(definition.path),
        binding: try bindingNumber(definition.binding),
        first_invariant_ref: UInt32(firstInvariant),
        invariant_count: try narrow(own.count, "invariants of \(definition.path)"),
        order: try narrow(order, "elements of \(type.name)")))
    return names
  }

  private mutating func numbers(
    of constraints: [ElementDefinition.Constraint], in type: PlannedType
  ) throws(DefinitionError) -> [UInt16] {
    var numbers: [UInt16] = []
    // A backbone element repeats what its base type (Element, BackboneElement) states.
    let base = type.base.map { plan.types[$0].structure }
    for constraint in constraints {
      let number = invariants.number(of: constraint, in: type.structure, type: base)
      numbers.append(try narrow(number, "invariants"))
    }
    return numbers
  }

  // MARK: Bindings and codes

  /// The number of a binding and one, or 0 for none: the form in which elements refer to it.
  private mutating func bindingNumber(_ binding: ElementDefinition.ElementBinding?) throws(DefinitionError)
    -> UInt32
  {
    guard let binding else { return 0 }
    let key = BindingKey(
      valueSet: binding.valueSet, maxValueSet: binding.maxValueSet, strength: binding.strength)
    if let known = bindingNumbers[key] { return known }
    let valueSet = try valueSetNumber(binding.valueSet)
    let maximum = try binding.maxValueSet.map { (url) throws(DefinitionError) in try valueSetNumber(url) }
    let strength: definition_strength =
      switch binding.strength {
      case .example: BINDING_EXAMPLE
      case .preferred: BINDING_PREFERRED
      case .extensible: BINDING_EXTENSIBLE
      case .required: BINDING_REQUIRED
      }
    if binding.strength == .required || binding.strength == .extensible { wanted.insert(valueSet) }
    if let maximum { wanted.insert(maximum) }
    sections.bindings.append(
      definition_binding(
        value_set: valueSet, max_value_set: maximum.map { $0 + 1 } ?? 0, strength: UInt8(strength.rawValue),
        reserved: (0, 0, 0)))
    bindingNumbers[key] = UInt32(sections.bindings.count)
    return UInt32(sections.bindings.count)
  }

  private mutating func valueSetNumber(_ canonical: String) throws(DefinitionError) -> UInt32 {
    let url = String(canonical.prefix { $0 != "|" })
    if let known = valueSetNumbers[url] { return known }
    let number = try narrow(valueSetURLs.count, "value sets")
    valueSetNumbers[url] = UInt32(number)
    valueSetURLs.append(url)
    return UInt32(number)
  }

  private mutating func addCodes(of number: Int) {
    let url = valueSetURLs[number]
    let list = expansion.codes(of: url)
    var record = definition_value_set(
      url: sections.string(url), version: sections.string(expansion.version(of: url) ?? ""),
      codes: UInt8(CODES_UNKNOWN.rawValue), reserved: (0, 0, 0), first_code: 0, code_count: 0, first_slot: 0,
      slot_mask: 0)
    switch list {
    case .unknown: break
    // An example's or a preference's list would never be looked up.
    case .listed where !wanted.contains(UInt32(number)): break
    case .language: record.codes = UInt8(CODES_LANGUAGE.rawValue)
    case .mime: record.codes = UInt8(CODES_MIME.rawValue)
    case .ucum: record.codes = UInt8(CODES_UCUM.rawValue)
    case .listed(let codes):
      let slots = TableSections.slots(for: codes.count, at: { TableSections.hash(codes[$0].code) })
      record.codes = UInt8(CODES_LISTED.rawValue)
      record.first_code = UInt32(sections.codes.count)
      record.code_count = UInt32(codes.count)
      record.first_slot = UInt32(sections.codeSlots.count)
      record.slot_mask = UInt32(slots.count - 1)
      for code in codes {
        sections.codes.append(
          definition_code(system: sections.string(code.system), code: sections.string(code.code)))
      }
      sections.codeSlots.append(contentsOf: slots)
    }
    sections.valueSets.append(record)
  }

  // MARK: Limits

  /// Definitions of R4 and of another version would not fit together: `4.0.1` goes with `4.0.0`, not with `5.0.0`.
  private static func checkVersions(_ packages: [DefinitionPackage]) throws(DefinitionError) {
    func families(_ package: DefinitionPackage) -> Set<String> {
      Set(package.manifest.fhirVersions.map { $0.split(separator: ".").prefix(2).joined(separator: ".") })
    }
    guard let first = packages.first(where: { !$0.manifest.fhirVersions.isEmpty }) else { return }
    for package in packages where !package.manifest.fhirVersions.isEmpty {
      if families(first).isDisjoint(with: families(package)) {
        throw DefinitionError(
          .wrongVersion, package: package.label,
          "is written for FHIR \(package.manifest.fhirVersions.joined(separator: ", ")); \(first.label) is for "
            + first.manifest.fhirVersions.joined(separator: ", "))
      }
    }
  }

  private func narrow(_ number: Int, _ what: String) throws(DefinitionError) -> UInt16 {
    guard 0..<Int(DEFINITION_NONE) ~= number else { throw full(what) }
    return UInt16(number)
  }

  private func full(_ what: String) -> DefinitionError {
    DefinitionError(
      .tableFull, package: packages.map(\.label).joined(separator: ", "),
      "there are more \(what) than a table can number")
  }
}
