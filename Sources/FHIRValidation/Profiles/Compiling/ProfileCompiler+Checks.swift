import CDefinitions
import FHIRDefinitions
import FHIRModel
import FHIRPath

// What an element asks of its own value.
extension ProfileCompiler {
  mutating func addValues(
    _ definition: ElementDefinition, path: String, _ record: inout PlanElement, _ detail: inout ElementDetail
  ) {
    // An extension's definition was found by its url.
    if let fixed = definition.fixed, !(isExtension && path == "Extension.url") {
      record.fixed = builder.append(fixed, table: table)
      record.checks.insert(.fixed)
    }
    if let pattern = definition.pattern {
      record.pattern = builder.append(pattern, table: table)
      record.checks.insert(.pattern)
    }
    if definition.minValue != nil || definition.maxValue != nil {
      func place(_ value: ElementValue?) -> PlanValue? {
        value.map { PlanValue(node: builder.append($0, table: table), type: $0.type) }
      }
      detail.range = ValueRange(least: place(definition.minValue), greatest: place(definition.maxValue))
      record.checks.insert(.range)
    }
    if definition.mustHaveValue || !definition.valueAlternatives.isEmpty {
      detail.valueAlternatives = definition.mustHaveValue ? [] : definition.valueAlternatives
      record.checks.insert(.value)
    }
    if !definition.narrativeLanguages.isEmpty {
      detail.narrativeLanguages = definition.narrativeLanguages
      record.checks.insert(.narrative)
    }
    if let maxLength = definition.maxLength {
      detail.maxLength = maxLength
      record.checks.insert(.length)
    }
  }

  mutating func addTypes(
    _ element: SnapshotElement, _ base: ElementBase?, _ record: inout PlanElement,
    _ detail: inout ElementDetail
  ) {
    guard let base, element.definition.contentReference == nil else { return }
    let allowed = element.allowedTypes(table)
    // A type that this version does not know could be the one that stands there.
    let areAllKnown =
      element.choiceType != nil || element.definition.types.allSatisfy { $0.typeID(table) != nil }
    let isChoice = base.element.flags & UInt16(ELEMENT_CHOICE) != 0
    let excludes = base.types.contains { type in
      !allowed.contains { isChoice ? table.isChosen(type, as: $0) : table.isSubtype(type, of: $0) }
    }
    if !allowed.isEmpty && areAllKnown && excludes {
      (record.firstType, record.typeCount) = builder.append(numbers: allowed.map { Int32($0.rawValue) })
      detail.typeNames = allowed.map { table.name(of: $0) }
      record.checks.formUnion(isChoice ? [.types, .exactTypes] : .types)
    }
    for reference in element.definition.types {
      guard let rule = typeRule(reference, base) else { continue }
      detail.typeRules.append(rule)
      record.checks.insert(.typeRules)
    }
  }

  /// What a type's profiles and target profiles ask beyond the table; nil if nothing.
  private func typeRule(
    _ reference: ElementDefinition.TypeReference, _ base: ElementBase
  ) -> ElementDetail.TypeRule? {
    guard let type = reference.typeID(table) else { return nil }
    var rule = ElementDetail.TypeRule(type: type)
    let isFree = reference.profiles.contains { CoreType.id($0, table) != nil }
    if !isFree && type != library.types.extension {
      rule.profiles = reference.profiles.map { library.number(of: $0) }
    }
    let known = table.typeRefs(of: base.element).first { $0.type == type.rawValue }
    let coreProfile = known.map(\.profile) ?? UInt16(DEFINITION_NONE)
    if coreProfile != UInt16(DEFINITION_NONE), reference.profiles.count == 1 {
      // SimpleQuantity and the like, where the core has them already.
      let url = table.string(table[TypeID(rawValue: coreProfile)].url)
      if reference.profiles[0].prefix(while: { $0 != "|" }) == url { rule.profiles = [] }
    }
    if type == library.types.reference || type == library.types.canonical {
      addTargets(reference.targetProfiles, known, &rule)
      rule.aggregation = reference.aggregation
    }
    return rule.profiles.isEmpty && rule.targets.isEmpty && rule.targetTypes == nil
      && rule.aggregation.isEmpty ? nil : rule
  }

  private func addTargets(
    _ canonicals: [String], _ base: definition_type_ref?, _ rule: inout ElementDetail.TypeRule
  ) {
    guard !canonicals.isEmpty else { return }
    var types: [TypeID] = []
    var isCore = true
    var areKnown = true
    for canonical in canonicals {
      if let type = CoreType.id(canonical, table) {
        types.append(type)
        continue
      }
      isCore = false
      if let type = library.definition(canonical).flatMap({ table.typeID($0.type) }) {
        types.append(type)
      } else {
        areKnown = false
      }
    }
    if types.contains(library.types.resource) { return }
    let allowed = base.map { Set(table.targets(of: $0)) } ?? []
    if isCore && !allowed.isEmpty && allowed.isSubset(of: types.map(\.rawValue)) { return }
    if areKnown { rule.targetTypes = types }
    if !isCore { rule.targets = canonicals.map { library.number(of: $0) } }
  }

  mutating func addBinding(
    _ definition: ElementDefinition, _ base: ElementBase?, _ record: inout PlanElement,
    _ detail: inout ElementDetail
  ) {
    detail.binding = binding(of: definition, base)
    if detail.binding != nil { record.checks.insert(.binding) }
  }

  /// A fault of R4's vital signs: units of their components are bound as required, those of their values as extensible, and
  /// profiles that stand on them (pulse oximetry's flow rate in L/min) need other units. HL7's validator corrects it likewise.
  private static func isLoose(_ binding: ElementDefinition.ElementBinding, _ path: String) -> Bool {
    path == "Observation.component.value[x]"
      && binding.valueSet.prefix { $0 != "|" } == "http://hl7.org/fhir/ValueSet/ucum-vitals-common"
  }

  /// The binding of an element, if it asks more than the core's; nil where no code could break it.
  func binding(of definition: ElementDefinition, _ base: ElementBase?) -> CodeBinding? {
    guard let binding = definition.binding else { return nil }
    var strength: CodeBinding.Strength =
      switch binding.strength {
      case .example: .example
      case .preferred: .preferred
      case .extensible: .extensible
      case .required: .required
      }
    if strength == .required, Self.isLoose(binding, definition.path) { strength = .extensible }
    guard strength.rawValue >= CodeBinding.Strength.extensible.rawValue || binding.maxValueSet != nil else {
      return nil
    }
    if let base, let known = table.binding(of: base.element) {
      let set = table.string(table.valueSets[Int(known.value_set)].url)
      let isSame = binding.valueSet.prefix { $0 != "|" } == set
      let maximum =
        known.max_value_set == 0
        ? nil : table.string(table.valueSets[Int(known.max_value_set) - 1].url)
      let hasSameMaximum = binding.maxValueSet.map { String($0.prefix { $0 != "|" }) == maximum } ?? true
      if isSame && known.strength >= strength.rawValue && hasSameMaximum { return nil }
    }
    return CodeBinding(
      strength: strength, valueSet: binding.valueSet, maximum: binding.maxValueSet,
      terminology: library.terminology)
  }

  /// Notes the invariants that the core does not have for the element and its types.
  mutating func addInvariants(
    _ definition: ElementDefinition, _ base: ElementBase?, _ types: [TypeID], _ record: inout PlanElement,
    _ detail: inout ElementDetail
  ) {
    guard !definition.constraints.isEmpty else { return }
    var known: Set<String> = []
    for type in types { known.formUnion(table.invariants(of: type).map { table.string($0.key) }) }
    if let base { known.formUnion(table.invariants(of: base.element).map { table.string($0.key) }) }
    for constraint in definition.constraints {
      let isCore = known.contains(constraint.key) || library.isCore(constraint)
      // Good practice is not asked for.
      if isCore || constraint.isBestPractice { continue }
      do throws(FHIRPathError) {
        let expression = try CompiledExpression(
          constraint.expression, context: types.count == 1 ? types[0] : nil, table: table,
          options: .invariants)
        detail.invariants.append(
          PlanInvariant(
            key: constraint.key, isWarning: constraint.isWarning, expression: expression,
            human: constraint.human))
        record.checks.insert(.invariants)
      } catch {
        problems.append(
          "the invariant \(constraint.key) of \(detail.path) cannot be evaluated: \(error.message) "
            + "(column \(error.column))")
      }
    }
  }
}
