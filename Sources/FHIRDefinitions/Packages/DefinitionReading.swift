/// Reads the definitions of one file out of its resource.
struct DefinitionReading {
  let package: String
  let file: String

  private static let extensions = "http://hl7.org/fhir/StructureDefinition/"

  // MARK: StructureDefinition

  func structure(_ root: NamedElement) throws(DefinitionError) -> StructureDefinition {
    guard let kind = StructureDefinition.Kind(rawValue: try required("kind", of: root)) else {
      throw malformed("StructureDefinition.kind is none of FHIR's")
    }
    var elements: [ElementDefinition] = []
    for child in root.child("snapshot")?.children("element") ?? [] { elements.append(try element(child)) }
    return StructureDefinition(
      url: try required("url", of: root),
      version: root.string("version") ?? "",
      name: try required("name", of: root),
      kind: kind,
      // Logical models name their type by a URL.
      type: try required("type", of: root),
      isAbstract: root.boolean("abstract"),
      isConstraint: root.string("derivation") == "constraint",
      base: root.string("baseDefinition"),
      elements: elements,
      package: package,
      file: file)
  }

  private func element(_ node: NamedElement) throws(DefinitionError) -> ElementDefinition {
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
          targetProfiles: type.strings("targetProfile")))
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
          source: constraint.string("source")))
    }
    return ElementDefinition(
      path: path, sliceName: node.string("sliceName"), min: min, max: max,
      basePath: node.child("base")?.string("path"), types: types,
      contentReference: node.string("contentReference"),
      binding: try node.child("binding").flatMap { (b) throws(DefinitionError) in try binding(b, path: path)
      },
      constraints: constraints,
      isModifier: node.boolean("isModifier"),
      isSummary: node.boolean("isSummary"),
      isAttribute: node.strings("representation").contains("xmlAttr"))
  }

  /// A binding without a value set binds to nothing that could be checked.
  private func binding(
    _ node: NamedElement, path: String
  ) throws(DefinitionError) -> ElementDefinition.ElementBinding? {
    typealias Strength = ElementDefinition.ElementBinding.Strength
    guard let valueSet = node.string("valueSet") else { return nil }
    guard let strength = Strength(rawValue: try required("strength", of: node)) else {
      throw malformed("the binding of \(path) has a strength that is none of FHIR's")
    }
    return ElementDefinition.ElementBinding(
      strength: strength, valueSet: valueSet,
      maxValueSet: value(of: "elementdefinition-maxValueSet", in: node))
  }

  /// The primitive value of one of FHIR's own extensions.
  private func value(of name: String, in node: NamedElement) -> String? {
    for item in node.children("extension") where item.string("url") == Self.extensions + name {
      for child in item.children where child.name.hasPrefix("value") { return child.text }
    }
    return nil
  }

  // MARK: ValueSet

  func valueSet(_ root: NamedElement) throws(DefinitionError) -> ValueSet {
    let compose = root.child("compose")
    var set = ValueSet(url: root.string("url") ?? "", version: root.string("version") ?? "")
    for part in compose?.children("include") ?? [] { set.include.append(try selection(part)) }
    for part in compose?.children("exclude") ?? [] { set.exclude.append(try selection(part)) }
    set.expansion = try root.child("expansion").map { (e) throws(DefinitionError) in try expansion(e) }
    return set
  }

  private func selection(_ node: NamedElement) throws(DefinitionError) -> ValueSet.Selection {
    var selection = ValueSet.Selection(system: node.string("system"), valueSets: node.strings("valueSet"))
    for concept in node.children("concept") { selection.codes.append(try required("code", of: concept)) }
    for filter in node.children("filter") {
      selection.filters.append(
        ValueSet.Filter(
          property: try required("property", of: filter), operation: try required("op", of: filter),
          value: try required("value", of: filter)))
    }
    return selection
  }

  private func expansion(_ node: NamedElement) throws(DefinitionError) -> ValueSet.Expansion {
    var codes: [SystemCode] = []
    var pending = Array(node.children("contains").reversed())
    while let item = pending.popLast() {
      // Abstract entries only group others.
      if let code = item.string("code"), !item.boolean("abstract") {
        codes.append(SystemCode(system: item.string("system") ?? "", code: code))
      }
      pending += item.children("contains").reversed()
    }
    let isOpen = ["valueset-toocostly", "valueset-unclosed"].contains { value(of: $0, in: node) == "true" }
    let total = node.string("total").flatMap { Int($0) } ?? 0
    return ValueSet.Expansion(codes: codes, isComplete: !isOpen && codes.count >= total)
  }

  // MARK: CodeSystem

  func codeSystem(_ root: NamedElement) throws(DefinitionError) -> CodeSystem {
    var concepts: [CodeSystem.Concept] = []
    var named: [(concept: Int, parent: String)] = []
    var pending = root.children("concept").reversed().map { (node: $0, parent: Int?.none) }
    while let (node, parent) = pending.popLast() {
      let index = concepts.count
      concepts.append(
        CodeSystem.Concept(code: try required("code", of: node), parents: parent.map { [$0] } ?? []))
      for property in node.children("property") {
        let code = property.string("code")
        guard code == "parent" || code == "subsumedBy", let name = property.string("valueCode") else {
          continue
        }
        named.append((index, name))
      }
      pending += node.children("concept").reversed().map { ($0, index) }
    }
    let indexes = Dictionary(
      concepts.enumerated().map { ($1.code, $0) }, uniquingKeysWith: { first, _ in first })
    for (concept, name) in named {
      if let parent = indexes[name] { concepts[concept].parents.append(parent) }
    }
    return CodeSystem(
      url: root.string("url") ?? "", version: root.string("version") ?? "",
      isComplete: root.string("content") == "complete", concepts: concepts)
  }

  // MARK: Trouble

  private func required(_ name: String, of node: NamedElement) throws(DefinitionError) -> String {
    guard let text = node.string(name), !text.isEmpty else { throw malformed("an element has no \(name)") }
    return text
  }

  private func malformed(_ message: String) -> DefinitionError {
    DefinitionError(.malformed, package: package, file: file, message)
  }
}
