/// Reads the definitions of one file out of its resource.
struct DefinitionReading {
  let package: String
  let file: String

  static let extensions = "http://hl7.org/fhir/StructureDefinition/"

  /// The primitive value of one of FHIR's own extensions.
  func value(of name: String, in node: NamedElement) -> String? {
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

  func required(_ name: String, of node: NamedElement) throws(DefinitionError) -> String {
    guard let text = node.string(name), !text.isEmpty else { throw malformed("an element has no \(name)") }
    return text
  }

  func malformed(_ message: String) -> DefinitionError {
    DefinitionError(.malformed, package: package, file: file, message)
  }
}
