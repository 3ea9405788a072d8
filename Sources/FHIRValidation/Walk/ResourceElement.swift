import FHIRModel

/// An element of a resource, read by the names of its children.
///
/// For rules that look at few resources and far into them; the walk itself goes by numbers.
struct ResourceElement: Sendable {
  let tree: ResourceTree
  let node: Int
  let table: DefinitionTable

  init(_ tree: ResourceTree, _ node: Int = 0, table: DefinitionTable) {
    self.tree = tree
    self.node = node
    self.table = table
  }

  var text: String { tree.string(at: node) }

  var hasValue: Bool { tree.nodes[node].flags.contains(.hasValue) }

  var children: [ResourceElement] {
    tree.children(of: node).map { ResourceElement(tree, $0, table: table) }
  }

  func child(_ name: String) -> ResourceElement? {
    table.nameID(name).flatMap { tree.child($0, of: node) }.map { ResourceElement(tree, $0, table: table) }
  }

  func children(_ name: String) -> [ResourceElement] {
    guard let id = table.nameID(name) else { return [] }
    return tree.children(of: node).filter { tree.nodes[$0].name == id && !tree.nodes[$0].isEmptyArray }
      .map { ResourceElement(tree, $0, table: table) }
  }

  /// The text of a child's value; nil if there is none, or it is empty.
  func text(_ name: String) -> String? {
    guard let child = child(name), child.hasValue, tree.nodes[child.node].textLength > 0 else { return nil }
    return child.text
  }

  func isTrue(_ name: String) -> Bool { text(name) == "true" }

  /// The value of a choice, with its type as its name says it: `value` may give valueCoding, `Coding`.
  func choice(_ stem: String) -> (element: ResourceElement, type: String)? {
    for child in tree.children(of: node) {
      let name = tree.nameString(of: child, table: table)
      if name.hasPrefix(stem), name.utf8.count > stem.utf8.count,
        name.utf8.dropFirst(stem.utf8.count).first.map({ $0 < 0x60 }) == true
      {
        return (ResourceElement(tree, child, table: table), String(name.dropFirst(stem.count)))
      }
    }
    return nil
  }

  /// The extensions of a URL below `http://hl7.org/fhir/StructureDefinition/`.
  func extensions(hl7 name: String) -> [ResourceElement] {
    extensions("http://hl7.org/fhir/StructureDefinition/" + name)
  }

  func extensions(_ url: String) -> [ResourceElement] {
    children("extension").filter { $0.text("url") == url }
  }

  /// The contained resource of a type and an id.
  func contained(_ type: String, id: String) -> ResourceElement? {
    children("contained").first { tree.rawText($0.node).elementsEqual(type.utf8) && $0.text("id") == id }
  }
}

extension Node {
  fileprivate var isEmptyArray: Bool { flags.kind == .emptyArray }
}

/// What a rule that looks at a whole resource found, before it is told.
struct ResourceFinding {
  var severity: Issue.Severity
  var rule: Rule
  /// The node whose FHIRPath the finding bears.
  var node: Int
  /// The node at which it stands in the source, if another one.
  var position: Int?
  var message: String

  init(_ severity: Issue.Severity, _ rule: Rule, at node: Int, position: Int? = nil, _ message: String) {
    self.severity = severity
    self.rule = rule
    self.node = node
    self.position = position
    self.message = message
  }
}
