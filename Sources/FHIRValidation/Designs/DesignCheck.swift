import FHIRDefinitions
import FHIRModel
import FHIRPath

/// Judges a StructureDefinition as a design: whether its differential can be laid over its base.
///
/// See https://hl7.org/fhir/R4/profiling.html: a profile may narrow what its base allows, and never widen it.
struct DesignCheck {
  private let structure: ResourceElement
  private let design: StructureDefinition
  private let definitions: ConformanceStore
  private let table: DefinitionTable
  private(set) var findings: [ResourceFinding] = []

  static func findings(_ structure: ResourceElement, definitions: ConformanceStore) -> [ResourceFinding] {
    // What cannot be read as a definition was reported by its elements' types.
    guard
      let design = try? StructureDefinition(
        reading: structure.node, of: structure.tree, table: structure.table)
    else { return [] }
    var check = DesignCheck(structure, design, definitions)
    check.run()
    return check.findings
  }

  /// Whether a search parameter's expression can be evaluated.
  static func findings(searchParameter: ResourceElement) -> [ResourceFinding] {
    guard let element = searchParameter.child("expression"), let text = searchParameter.text("expression")
    else { return [] }
    do {
      _ = try CompiledExpression(text, table: searchParameter.table, options: .invariants)
      return []
    } catch {
      return [
        ResourceFinding(
          .error, .designExpression, at: searchParameter.node, position: element.node,
          "the search parameter's expression cannot be evaluated: \(error.message)")
      ]
    }
  }

  private init(_ structure: ResourceElement, _ design: StructureDefinition, _ definitions: ConformanceStore) {
    self.structure = structure
    self.design = design
    self.definitions = definitions
    table = structure.table
  }

  private mutating func run() {
    let elements = structure.child("differential")?.children("element") ?? []
    guard elements.count == design.differential.count else { return }
    for (definition, element) in zip(design.differential, elements) { checkConstraints(definition, element) }
    checkExtensionURL(elements)
    guard design.isConstraint, let url = design.base else { return }
    guard let base = definitions.structureDefinition(url) else {
      tell(
        .information, .designBase, at: structure, position: structure.child("baseDefinition"),
        "cannot tell whether the profile fits its base: no package at hand defines \(url)")
      return
    }
    if base.type != design.type {
      tell(
        .error, .designBase, at: structure, position: structure.child("type"),
        "the profile's type is \(design.type), its base \(url) is one of \(base.type)")
      return
    }
    var world = DesignBase(base, definitions: definitions)
    var slicings = DesignSlicings()
    for (definition, element) in zip(design.differential, elements) {
      check(definition, element, &world, &slicings)
    }
  }

  // MARK: Elements

  private mutating func check(
    _ own: ElementDefinition, _ element: ResourceElement, _ world: inout DesignBase,
    _ slicings: inout DesignSlicings
  ) {
    // The root was told of by sdf-8.
    guard own.path.contains("."), own.path.hasPrefix(design.type + ".") else {
      slicings.note(own)
      return
    }
    let place: DesignBase.Place
    switch world.element(path: own.path, id: own.id) {
    case .unknown:
      slicings.note(own)
      return
    case .missing:
      tell(
        .error, .designElement, at: element, position: element.child("path"),
        "\(own.path) is no element of \(design.base ?? design.type)")
      return
    case .element(let found): place = found
    }
    let inherited = place.element
    let types = place.types
    checkCardinality(own, inherited, element)
    checkTypes(own, types, element)
    checkValues(own, own.types.isEmpty ? types : own.types, element)
    checkBinding(own, inherited, element)
    // What stands once is not sliced in earnest.
    if own.sliceName != nil, inherited.max.map({ $0 > 1 }) ?? true, !slicings.isSliced(own),
      !own.isSlicedImplicitly, !world.isSliced(own.path)
    {
      tell(
        .error, .designSlicing, at: element, position: element.child("sliceName"),
        "\(own.path) has a slice, and nothing before it says by what its slices are told apart (slicing)")
    }
    slicings.note(own)
    if own.slicing != nil { checkDiscriminators(own, place, element, &world) }
  }

  private mutating func checkCardinality(
    _ own: ElementDefinition, _ inherited: ElementDefinition, _ element: ResourceElement
  ) {
    // Of several slices none needs to stand, though some must.
    if own.states.contains(.min), own.min < inherited.min, own.sliceName == nil {
      tell(
        .error, .designElement, at: element, position: element.child("min"),
        "\(own.path) may be left out here (min \(own.min)); its base asks for at least \(inherited.min)")
    }
    guard let most = inherited.max else { return }
    if own.states.contains(.max), own.max.map({ $0 > most }) ?? true {
      tell(
        .error, .designElement, at: element, position: element.child("max"),
        "\(own.path) may stand \(own.max.map { "\($0)" } ?? "any number of") times here; its base allows \(most)"
      )
    } else if !own.states.contains(.max), own.states.contains(.min), own.min > most {
      tell(
        .error, .designElement, at: element, position: element.child("min"),
        "\(own.path) must stand \(own.min) times here; its base allows \(most)")
    }
  }

  // MARK: Types

  private mutating func checkTypes(
    _ own: ElementDefinition, _ allowed: [ElementDefinition.TypeReference], _ element: ResourceElement
  ) {
    guard !allowed.isEmpty else { return }
    let nodes = element.children("type")
    for (index, type) in own.types.enumerated() {
      let node = index < nodes.count ? nodes[index] : element
      let code = type.fhirType ?? type.code
      let bases = allowed.filter { isType(code, of: $0.fhirType ?? $0.code) }
      if bases.isEmpty {
        // A logical model's types are URLs.
        guard !code.contains(":") else { continue }
        let names = Set(allowed.map { $0.fhirType ?? $0.code }).sorted().joined(separator: ", ")
        tell(
          .error, .designElement, at: node,
          "\(own.path) may not be of type \(code): its base allows \(names)")
        continue
      }
      checkTargets(type, bases, own, node)
    }
  }

  /// Whether values of one type are values of another; a type that is not known may be.
  private func isType(_ code: String, of other: String) -> Bool {
    if code == other { return true }
    guard let type = table.typeID(code), let base = table.typeID(other) else { return code.contains("/") }
    return table.isSubtype(type, of: base)
  }

  private mutating func checkTargets(
    _ type: ElementDefinition.TypeReference, _ bases: [ElementDefinition.TypeReference],
    _ own: ElementDefinition, _ node: ResourceElement
  ) {
    let allowed = bases.flatMap(\.targetProfiles)
    guard !allowed.isEmpty, bases.allSatisfy({ !$0.targetProfiles.isEmpty }) else { return }
    let types = allowed.compactMap { definitions.structureDefinition($0)?.type }
    guard types.count == allowed.count else { return }
    for (index, target) in type.targetProfiles.enumerated() {
      guard let targetType = definitions.structureDefinition(target)?.type,
        !types.contains(where: { isType(targetType, of: $0) })
      else { continue }
      let nodes = node.children("targetProfile")
      tell(
        .error, .designElement, at: node, position: index < nodes.count ? nodes[index] : node,
        "\(own.path) may not refer to a \(targetType): its base allows \(Set(types).sorted().joined(separator: ", "))"
      )
    }
  }

  // MARK: Values

  private mutating func checkValues(
    _ own: ElementDefinition, _ types: [ElementDefinition.TypeReference], _ element: ResourceElement
  ) {
    guard !types.isEmpty else { return }
    for (stem, value) in [
      ("fixed", own.fixed), ("pattern", own.pattern), ("minValue", own.minValue), ("maxValue", own.maxValue),
    ] {
      guard let value, let node = element.choice(stem)?.element else { continue }
      let isOfType = types.contains { type in
        let code = type.fhirType ?? type.code
        // Of a primitive exactly the type is meant, of a Quantity its kinds are too.
        let isPrimitive = value.type.first?.isLowercase == true
        return code == value.type || !isPrimitive && isType(code, of: value.type) || code.contains("/")
          // Ranges of dates are given relative to today.
          || stem.hasSuffix("Value") && value.type == "Quantity"
      }
      if !isOfType {
        let names = types.map { $0.fhirType ?? $0.code }.joined(separator: ", ")
        tell(
          .error, .designValue, at: element, position: node,
          "\(own.path) has a \(stem) value of type \(value.type), and is of type \(names)")
      }
    }
  }

  private mutating func checkBinding(
    _ own: ElementDefinition, _ inherited: ElementDefinition, _ element: ResourceElement
  ) {
    guard let strength = own.binding?.strength, let base = inherited.binding?.strength,
      strength.rank < base.rank, base.rank >= ElementDefinition.ElementBinding.Strength.extensible.rank
    else { return }
    // Guides loosen extensible bindings, which leave a choice anyway.
    tell(
      base == .required ? .error : .warning, .designElement, at: element, position: element.child("binding"),
      "the binding of \(own.path) is \(strength.rawValue) here; its base has it \(base.rawValue)")
  }

  // MARK: Slicing

  private mutating func checkDiscriminators(
    _ own: ElementDefinition, _ place: DesignBase.Place, _ element: ResourceElement, _ world: inout DesignBase
  ) {
    guard let slicing = own.slicing, let node = element.child("slicing") else { return }
    let nodes = node.children("discriminator")
    for (index, discriminator) in slicing.discriminators.enumerated() where index < nodes.count {
      if !isSound(discriminator.path, own, place, &world) {
        tell(
          .error, .designSlicing, at: nodes[index],
          "the discriminator's path '\(discriminator.path)' leads to no element of \(own.path)")
      }
    }
  }

  /// Whether a discriminator's path leads somewhere; what is not at hand is taken to.
  private func isSound(
    _ path: String, _ own: ElementDefinition, _ place: DesignBase.Place, _ world: inout DesignBase
  ) -> Bool {
    guard let steps = DiscriminatorStep.steps(path) else { return false }
    let types = own.types.isEmpty ? place.types : own.types
    var names: [String] = []
    for step in steps {
      switch step {
      case .child(let name): names.append(name)
      // Behind these stands what only data tell.
      case .extension, .resolve, .ofType: return true
      }
      var found = world.element(names, below: place, types: types)
      if case .missing = found {
        // A choice is named without its brackets.
        names[names.count - 1] += "[x]"
        found = world.element(names, below: place, types: types)
      }
      switch found {
      case .missing: return false
      case .unknown: return true
      case .element: break
      }
    }
    return true
  }

  // MARK: Expressions and extensions

  private mutating func checkConstraints(_ own: ElementDefinition, _ element: ResourceElement) {
    for constraint in element.children("constraint") {
      guard let text = constraint.text("expression") else { continue }
      do {
        _ = try CompiledExpression(text, table: table, options: .invariants)
      } catch {
        tell(
          .error, .designExpression, at: constraint, position: constraint.child("expression"),
          "the expression of \(constraint.text("key") ?? "the constraint") cannot be evaluated: \(error.message)"
        )
      }
    }
  }

  /// The url of an extension is that of its definition.
  ///
  /// See https://hl7.org/fhir/R4/defining-extensions.html
  private mutating func checkExtensionURL(_ elements: [ResourceElement]) {
    guard design.type == "Extension", design.isConstraint, !design.isAbstract else { return }
    for (definition, element) in zip(design.differential, elements)
    where definition.path == "Extension.url" && (definition.id ?? "Extension.url") == "Extension.url" {
      guard let fixed = element.choice("fixed")?.element, fixed.text != design.url else { continue }
      tell(
        .error, .designValue, at: element, position: fixed,
        "Extension.url must be the URL of the extension's definition")
    }
  }

  // MARK: Telling

  private mutating func tell(
    _ severity: Issue.Severity, _ rule: Rule, at element: ResourceElement, position: ResourceElement? = nil,
    _ message: String
  ) {
    findings.append(
      ResourceFinding(severity, rule, at: element.node, position: position?.node, message))
  }
}

/// Which elements the differential has sliced so far.
struct DesignSlicings {
  private var sliced: Set<String> = []

  mutating func note(_ element: ElementDefinition) {
    if element.slicing != nil { sliced.insert(element.path) }
  }

  func isSliced(_ element: ElementDefinition) -> Bool { sliced.contains(element.path) }
}

extension ElementDefinition {
  /// Whether its slices are told apart without a word: extensions by their url, choices by their type.
  fileprivate var isSlicedImplicitly: Bool {
    let name = path.split(separator: ".").last ?? ""
    return name == "extension" || name == "modifierExtension" || name.hasSuffix("[x]")
      || id?.contains("[x]:") == true
  }
}

extension ElementDefinition.ElementBinding.Strength {
  fileprivate var rank: Int {
    switch self {
    case .example: 0
    case .preferred: 1
    case .extensible: 2
    case .required: 3
    }
  }
}
