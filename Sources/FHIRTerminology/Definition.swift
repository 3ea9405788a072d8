internal import FHIRModel

/// An element of a ValueSet or CodeSystem.
struct Definition {
  let tree: ResourceTree
  let node: Int

  init(_ tree: ResourceTree, _ node: Int = 0) {
    self.tree = tree
    self.node = node
  }

  func child(_ name: NameID?) -> Definition? {
    name.flatMap { tree.child($0, of: node) }.map { Definition(tree, $0) }
  }

  func children(_ name: NameID?) -> [Definition] {
    guard let name else { return [] }
    return tree.children(of: node).filter { tree.nodes[$0].name == name }.map { Definition(tree, $0) }
  }

  var text: String { tree.string(at: node) }

  /// The child's text; nil if there is none, or it is empty.
  func text(_ name: NameID?) -> String? {
    guard let text = child(name)?.text, !text.isEmpty else { return nil }
    return text
  }

  /// The first child whose name begins so: `value[x]`.
  func choice(_ names: [NameID]) -> Definition? {
    tree.children(of: node).first { names.contains(tree.nodes[$0].name) }.map { Definition(tree, $0) }
  }

  /// Whether the element bears an extension of HL7's of that name whose value is true.
  func isMarked(_ names: String...) -> Bool {
    children(Names.extension).contains { item in
      guard let url = item.text(Names.url) else { return false }
      return names.contains { url == "http://hl7.org/fhir/StructureDefinition/" + $0 }
        && item.text(Names.valueBoolean) != "false"
    }
  }

  /// The elements that terminology resources are read by.
  enum Names {
    static let url = id("url")
    static let id = id("id")
    static let name = id("name")
    static let version = id("version")
    static let contained = id("contained")
    static let compose = id("compose")
    static let include = id("include")
    static let exclude = id("exclude")
    static let inactive = id("inactive")
    static let system = id("system")
    static let concept = id("concept")
    static let code = id("code")
    static let display = id("display")
    static let designation = id("designation")
    static let value = id("value")
    static let filter = id("filter")
    static let property = id("property")
    static let uri = id("uri")
    static let op = id("op")
    static let valueSet = id("valueSet")
    static let expansion = id("expansion")
    static let contains = id("contains")
    static let abstract = id("abstract")
    static let total = id("total")
    static let content = id("content")
    static let caseSensitive = id("caseSensitive")
    static let compositional = id("compositional")
    static let `extension` = id("extension")
    static let valueBoolean = id("valueBoolean")
    static let coding = id("coding")

    static let propertyValues = [
      "valueCode", "valueString", "valueBoolean", "valueInteger", "valueDecimal", "valueDateTime",
      "valueCoding",
    ].compactMap { id($0) }

    private static func id(_ name: String) -> NameID? { DefinitionTable.r4.nameID(name) }
  }
}
