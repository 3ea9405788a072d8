package import FHIRModel

extension DefinitionReading {
  func structure(_ root: NamedElement) throws(DefinitionError) -> StructureDefinition {
    guard let kind = StructureDefinition.Kind(rawValue: try required("kind", of: root)) else {
      throw malformed("StructureDefinition.kind is none of FHIR's")
    }
    var elements: [ElementDefinition] = []
    for child in root.child("snapshot")?.children("element") ?? [] { elements.append(try element(child)) }
    var differential: [ElementDefinition] = []
    for child in root.child("differential")?.children("element") ?? [] {
      differential.append(try element(child, isDifferential: true))
    }
    return StructureDefinition(
      url: try required("url", of: root),
      version: root.string("version") ?? "",
      // Nothing is found by it: a definition without one is no worse.
      name: root.string("name") ?? root.string("id") ?? "",
      kind: kind,
      // Logical models name their type by a URL.
      type: try required("type", of: root),
      isAbstract: root.boolean("abstract"),
      isConstraint: root.string("derivation") == "constraint",
      base: root.string("baseDefinition"),
      contexts: root.children("context").map {
        StructureDefinition.Context(
          type: $0.string("type") ?? "element", expression: $0.string("expression") ?? "")
      },
      contextInvariants: root.strings("contextInvariant"),
      elements: elements,
      differential: differential,
      package: package,
      file: file)
  }

  private func element(
    _ node: NamedElement, isDifferential: Bool = false
  ) throws(DefinitionError) -> ElementDefinition {
    let path = try required("path", of: node)
    // A snapshot has both; the root of a datatype may leave them out.
    guard let min = Int(node.string("min") ?? "0"), min >= 0 else {
      throw malformed("\(path) has no valid min")
    }
    let maximum = node.string("max") ?? "*"
    let max = Int(maximum)
    guard maximum == "*" || max.map({ $0 >= 0 }) == true else { throw malformed("\(path) has no valid max") }
    var types: [ElementDefinition.TypeReference] = []
    for type in node.children("type") {
      types.append(
        ElementDefinition.TypeReference(
          code: try required("code", of: type),
          fhirType: value(of: "structuredefinition-fhir-type", in: type),
          profiles: type.strings("profile"),
          targetProfiles: type.strings("targetProfile"),
          aggregation: type.strings("aggregation"),
          versioning: type.string("versioning")))
    }
    var constraints: [ElementDefinition.Constraint] = []
    for constraint in node.children("constraint") {
      // Some older constraints are XPath only; there is nothing to evaluate then.
      guard let expression = constraint.string("expression") else { continue }
      constraints.append(
        ElementDefinition.Constraint(
          key: try required("key", of: constraint),
          isWarning: constraint.string("severity") == "warning",
          isBestPractice: value(of: "elementdefinition-bestpractice", in: constraint) == "true",
          expression: expression,
          source: constraint.string("source"),
          human: constraint.string("human")))
    }
    var element = ElementDefinition(path: path, min: min, max: max)
    element.id = node.string("id")
    element.sliceName = node.string("sliceName")
    element.sliceIsConstraining = node.boolean("sliceIsConstraining")
    element.slicing = try node.child("slicing").map { (s) throws(DefinitionError) in try slicing(s, path) }
    element.basePath = node.child("base")?.string("path")
    element.types = types
    element.contentReference = node.string("contentReference")
    for item in node.children("extension") {
      let name = item.string("url") ?? ""
      if name == Self.extensionsOfR5 + "ElementDefinition.mustHaveValue" {
        element.mustHaveValue = item.boolean("valueBoolean")
      } else if name == Self.extensionsOfR5 + "ElementDefinition.valueAlternatives" {
        element.valueAlternatives += item.strings("valueCanonical") + item.strings("valueUri")
      } else if name == Self.extensions + "narrative-language-control" {
        element.narrativeLanguages += item.strings("valueCode")
      }
    }
    element.maxLength = node.string("maxLength").flatMap { Int($0) }
    element.binding = try node.child("binding").flatMap { (b) throws(DefinitionError) in
      try binding(b, path: path, isDifferential: isDifferential)
    }
    element.constraints = constraints
    element.mustSupport = node.boolean("mustSupport")
    element.isModifier = node.boolean("isModifier")
    element.isSummary = node.boolean("isSummary")
    element.isAttribute = node.strings("representation").contains("xmlAttr")
    for (name, stated) in Self.stated where node.child(name) != nil { element.states.insert(stated) }
    readValues(of: node, into: &element)
    return element
  }

  private static let extensionsOfR5 = "http://hl7.org/fhir/5.0/StructureDefinition/extension-"

  private static let stated: [(String, ElementDefinition.Stated)] = [
    ("min", .min), ("max", .max), ("mustSupport", .mustSupport), ("isModifier", .isModifier),
    ("isSummary", .isSummary),
  ]

  private func readValues(of node: NamedElement, into element: inout ElementDefinition) {
    for child in node.children {
      let name = child.name
      if let value = child.value(named: name, after: "fixed") {
        element.fixed = value
      } else if let value = child.value(named: name, after: "pattern") {
        element.pattern = value
      } else if let value = child.value(named: name, after: "minValue") {
        element.minValue = value
      } else if let value = child.value(named: name, after: "maxValue") {
        element.maxValue = value
      }
    }
  }

  private func slicing(
    _ node: NamedElement, _ path: String
  ) throws(DefinitionError) -> ElementDefinition.Slicing {
    typealias Slicing = ElementDefinition.Slicing
    var discriminators: [Slicing.Discriminator] = []
    for item in node.children("discriminator") {
      guard let kind = Slicing.Discriminator.Kind(rawValue: try required("type", of: item)) else {
        throw malformed("a discriminator of \(path) has a type that is none of FHIR's")
      }
      discriminators.append(Slicing.Discriminator(kind: kind, path: item.string("path") ?? "$this"))
    }
    guard let rules = Slicing.Rules(rawValue: node.string("rules") ?? "open") else {
      throw malformed("the slicing of \(path) has rules that are none of FHIR's")
    }
    return Slicing(discriminators: discriminators, isOrdered: node.boolean("ordered"), rules: rules)
  }

  /// A binding without a value set binds to nothing that could be checked; in a differential it changes the base's strength.
  private func binding(
    _ node: NamedElement, path: String, isDifferential: Bool
  ) throws(DefinitionError) -> ElementDefinition.ElementBinding? {
    typealias Strength = ElementDefinition.ElementBinding.Strength
    guard let valueSet = node.string("valueSet") ?? (isDifferential ? "" : nil) else { return nil }
    guard let strength = Strength(rawValue: try required("strength", of: node)) else {
      throw malformed("the binding of \(path) has a strength that is none of FHIR's")
    }
    return ElementDefinition.ElementBinding(
      strength: strength, valueSet: valueSet,
      maxValueSet: value(of: "elementdefinition-maxValueSet", in: node))
  }
}

extension StructureDefinition {
  /// A StructureDefinition that stands in a tree, as it is written: its snapshot is not made where it has none.
  ///
  /// - Parameter table: the tree was read with.
  package init(reading node: Int, of tree: ResourceTree, table: DefinitionTable) throws(DefinitionError) {
    self = try DefinitionReading(package: "", file: "").structure(
      NamedElement(resource: node, of: tree, table: table))
  }
}
