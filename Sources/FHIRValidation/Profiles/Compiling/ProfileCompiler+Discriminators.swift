import CDefinitions
import FHIRDefinitions
import FHIRModel

/// A definition that stands at the end of a discriminator's path within a slice.
private struct Criterion {
  let element: SnapshotElement
  let types: [TypeID]
  let path: String
  let base: ElementBase?
  /// Whether what the slice is must have it: false within an optional slice of its own.
  let isMandatory: Bool
}

// How the slices of an element are told apart.
extension ProfileCompiler {
  /// The tests that a node must pass to belong to a slice; none if the definition leaves it open.
  mutating func discriminatorTests(
    _ slice: SnapshotElement, of element: SnapshotElement, _ slicing: ElementDefinition.Slicing?,
    _ base: ElementBase
  ) -> [PlanTest] {
    typealias Kind = ElementDefinition.Slicing.Discriminator.Kind
    var discriminators = slicing?.discriminators.map { (kind: $0.kind, path: $0.path) } ?? []
    if slice.choiceType != nil {
      discriminators = []
    } else if discriminators.isEmpty {
      // What everybody means where nothing is said: extensions by url, choices by type.
      if base.types == [library.types.extension] {
        discriminators = [(Kind.value, "url")]
      } else if element.isChoice {
        discriminators = [(Kind.type, "$this")]
      }
    }
    var tests: [PlanTest] = []
    if let type = slice.choiceType.flatMap({ table.typeID($0) }) {
      let types = builder.append(numbers: [Int32(type.rawValue)])
      tests.append(
        PlanTest(
          firstStep: 0, stepCount: 0, condition: .type, operand: types.first, operandCount: types.count))
    }
    let start = Criterion(
      element: slice, types: base.types, path: slice.definition.path, base: base, isMandatory: true)
    for discriminator in discriminators {
      guard let steps = DiscriminatorStep.steps(discriminator.path) else { return [] }
      let found = self.tests(discriminator.kind, steps, from: start)
      guard !found.isEmpty else { return [] }
      tests += found
    }
    return tests
  }

  private mutating func tests(
    _ kind: ElementDefinition.Slicing.Discriminator.Kind, _ steps: [DiscriminatorStep], from start: Criterion
  ) -> [PlanTest] {
    // A profile of what is referred to stands with the reference.
    let resolvesLast = steps.last == .resolve && (kind == .profile || kind == .type)
    let walked = resolvesLast ? steps.dropLast() : steps[...]
    var criteria = [start]
    for step in walked { criteria = criteria.flatMap { next(step, from: $0) } }
    let stepRange = append(steps, in: start.types)
    func test(_ condition: PlanTest.Condition, _ operand: (first: Int32, count: Int32)) -> PlanTest {
      PlanTest(
        firstStep: stepRange.first, stepCount: stepRange.count, condition: condition, operand: operand.first,
        operandCount: operand.count)
    }
    switch kind {
    case .exists:
      for criterion in criteria {
        if criterion.element.definition.max == 0 { return [test(.isAbsent, (0, 0))] }
        if criterion.element.definition.min > 0 { return [test(.exists, (0, 0))] }
      }
      return []
    case .type:
      let types = criteria.flatMap { resolvesLast ? targetTypes(of: $0) : typesStated(by: $0) }
      return types.isEmpty
        ? [] : [test(.type, builder.append(numbers: Set(types).map { Int32($0.rawValue) }.sorted()))]
    case .profile:
      let profiles = criteria.flatMap { criterion in
        criterion.element.definition.types.flatMap { resolvesLast ? $0.targetProfiles : $0.profiles }
      }
      guard !profiles.isEmpty else { return [] }
      let numbers = profiles.map { library.number(of: $0).rawValue }
      return [test(.profile, builder.append(numbers: numbers))]
    case .value, .pattern:
      return valueTests(criteria).map { test($0.0, $0.1) }
    }
  }

  /// The conditions that definitions set on a value: all that must hold, else the first that may.
  private mutating func valueTests(_ criteria: [Criterion]) -> [(PlanTest.Condition, (Int32, Int32))] {
    var mandatory: [(PlanTest.Condition, (Int32, Int32))] = []
    var optional: [(PlanTest.Condition, (Int32, Int32))] = []
    for criterion in criteria {
      guard let found = valueTest(criterion) else { continue }
      if criterion.isMandatory { mandatory.append(found) } else { optional.append(found) }
    }
    if !mandatory.isEmpty { return mandatory }
    if !optional.isEmpty { return [optional[0]] }
    for criterion in criteria {
      if criterion.element.definition.max == 0 { return [(.isAbsent, (0, 0))] }
      if criterion.element.definition.min > 0 { return [(.exists, (0, 0))] }
    }
    return []
  }

  private mutating func valueTest(_ criterion: Criterion) -> (PlanTest.Condition, (Int32, Int32))? {
    let definition = criterion.element.definition
    if definition.max == 0 { return (.isAbsent, (0, 0)) }
    if let fixed = definition.fixed { return (.fixed, (builder.append(fixed, table: table), 1)) }
    if let pattern = definition.pattern { return (.pattern, (builder.append(pattern, table: table), 1)) }
    if let binding = binding(of: definition, criterion.base), binding.strength == .required {
      bindings.append(binding)
      return (.binding, (Int32(bindings.count - 1), 1))
    }
    let profiles = definition.types.flatMap(\.profiles).filter { CoreType.id($0, table) == nil }
    if !profiles.isEmpty {
      return (.profile, builder.append(numbers: profiles.map { library.number(of: $0).rawValue }))
    }
    // Fixed values further down, as of a CodeableConcept's codings.
    guard !criterion.element.children.isEmpty else { return nil }
    let number = compile(criterion.element, as: criterion.types, base: criterion.base, path: criterion.path)
    let record = builder.elements[number]
    return record.looksBelow || !record.checks.isEmpty ? (.element, (Int32(number), 1)) : nil
  }

  // MARK: Steps through definitions

  private mutating func next(_ step: DiscriminatorStep, from criterion: Criterion) -> [Criterion] {
    switch step {
    case .child(let name):
      for origin in [criterion] + profileRoots(of: criterion) {
        if let child = origin.element.child(name) { return definitions(child, below: origin) }
      }
      return []
    case .ofType(let name):
      guard let type = table.typeID(name) else { return [] }
      return [
        Criterion(
          element: criterion.element, types: [type], path: criterion.path, base: criterion.base,
          isMandatory: criterion.isMandatory)
      ]
    case .resolve:
      return criterion.element.definition.types.flatMap(\.targetProfiles).flatMap { outline($0, criterion) }
    case .extension(let url):
      return extensions(url, below: criterion)
    }
  }

  /// An element's definition and those of its slices.
  private func definitions(_ child: SnapshotElement, below parent: Criterion) -> [Criterion] {
    let base = ElementBase(child.name, of: parent.types, table)
    let types = child.allowedTypes(table)
    func criterion(_ element: SnapshotElement, isMandatory: Bool) -> Criterion {
      Criterion(
        element: element, types: types.isEmpty ? base?.types ?? [] : types,
        path: "\(parent.path).\(element.name)", base: base, isMandatory: isMandatory)
    }
    return [criterion(child, isMandatory: parent.isMandatory)]
      + child.slices.map {
        criterion($0, isMandatory: parent.isMandatory && $0.definition.min > 0)
      }
  }

  private mutating func extensions(_ url: String, below criterion: Criterion) -> [Criterion] {
    var found: [Criterion] = []
    for origin in [criterion] + profileRoots(of: criterion) {
      for child in origin.element.children
      where child.stem == "extension" || child.stem == "modifierExtension" {
        for item in definitions(child, below: origin) {
          let profiles = item.element.definition.types.flatMap(\.profiles)
          let fixed = item.element.child("url")?.definition.fixed.map { $0.tree.string(at: $0.node) }
          if fixed == url || profiles.contains(url) { found.append(item) }
        }
      }
    }
    // Nothing is said of it here: its own definition says what it is.
    return found.isEmpty ? outline(url, criterion) : found
  }

  /// The roots of the profiles that a value's types must meet, if each type has one.
  private mutating func profileRoots(of criterion: Criterion) -> [Criterion] {
    var roots: [Criterion] = []
    for profile in criterion.element.definition.types.flatMap(\.profiles)
    where CoreType.id(profile, table) == nil {
      roots += outline(profile, criterion)
    }
    return roots
  }

  /// The root of another definition's snapshot.
  private mutating func outline(_ canonical: String, _ origin: Criterion) -> [Criterion] {
    if outlines[canonical] == nil {
      outlines[canonical] = .some(
        library.definition(canonical).flatMap { SnapshotElement.tree($0.elements, table: table) })
    }
    guard case .some(.some(let root)) = outlines[canonical], let type = table.typeID(root.name) else {
      return []
    }
    return [
      Criterion(element: root, types: [type], path: root.name, base: nil, isMandatory: origin.isMandatory)
    ]
  }

  private func typesStated(by criterion: Criterion) -> [TypeID] {
    let allowed = criterion.element.allowedTypes(table)
    if !allowed.isEmpty { return allowed }
    // The root of a definition is of its own type.
    return criterion.element.definition.path.contains(".") ? [] : criterion.types
  }

  private func targetTypes(of criterion: Criterion) -> [TypeID] {
    criterion.element.definition.types.flatMap(\.targetProfiles).compactMap { canonical in
      CoreType.id(canonical, table) ?? library.definition(canonical).flatMap { table.typeID($0.type) }
    }
  }

  // MARK: Steps through data

  private mutating func append(
    _ steps: [DiscriminatorStep], in types: [TypeID]
  ) -> (first: Int32, count: Int32) {
    var records: [PlanStep] = []
    for step in steps {
      switch step {
      case .resolve: records.append(PlanStep(kind: .resolve, first: 0, count: 0))
      case .extension(let url):
        records.append(PlanStep(kind: .extensions, first: builder.append(text: url), count: 1))
      case .ofType(let name):
        let numbers = builder.append(numbers: table.typeID(name).map { [Int32($0.rawValue)] } ?? [])
        records.append(PlanStep(kind: .ofType, first: numbers.first, count: numbers.count))
      case .child(let name):
        let numbers = builder.append(numbers: writtenNames(of: name))
        records.append(PlanStep(kind: .children, first: numbers.first, count: numbers.count))
      }
    }
    let first = builder.steps.count
    builder.steps += records
    return (Int32(first), Int32(records.count))
  }

  /// Every name under which some type writes an element: `value`, `valueString`, ….
  private func writtenNames(of stem: String) -> [Int32] {
    guard let id = table.nameID(stem) else { return [] }
    var names: Set<Int32> = [Int32(id.rawValue)]
    for element in table.elements
    where element.name == id.rawValue && element.flags & UInt16(ELEMENT_CHOICE) != 0 {
      for ref in table.typeRefs(of: element) { names.insert(Int32(ref.json_name)) }
    }
    return names.sorted()
  }
}
