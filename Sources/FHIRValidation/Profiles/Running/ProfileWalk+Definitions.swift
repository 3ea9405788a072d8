import CDefinitions
import FHIRModel
import FHIRPath

// What defines an element.
extension ProfileWalk {
  private static let structures = "http://hl7.org/fhir/StructureDefinition/"

  /// The ElementDefinition of an element: in the first profile at hand that its resource claims and that speaks of it, or
  /// else in the definition of the type that it is an element of.
  func elementDefinition(of node: Int) -> TreeNode? {
    var chain = ExtensionChain()
    chain.lead(to: node, self)
    guard let parent = chain.links.last else { return nil }
    if nodes[node].flags.kind == .resource {
      guard let type = resourceType(node) else { return nil }
      let name = table.name(of: type)
      return claimed(path: name, by: node) ?? definition(name, in: Self.structures + name)
    }
    guard let stem = stem(of: node, below: parent.type) else { return nil }
    if let resource = chain.links.last(where: { nodes[$0.node].flags.kind == .resource }) {
      let between = chain.links.filter { $0.node > resource.node }.map { table.string(of: $0.stem) }
      let path = ([table.name(of: resource.type)] + between + [stem]).joined(separator: ".")
      if let found = claimed(path: path, by: resource.node) { return found }
    }
    let owner = table.name(of: parent.type)
    let structure = owner.prefix { $0 != "." }
    return definition(owner + "." + stem, in: Self.structures + structure)
  }

  /// The name of an element in its definition: `value` for valueQuantity.
  private func stem(of node: Int, below parent: TypeID) -> String? {
    guard !nodes[node].name.isUnknown, let known = table.child(nodes[node].name, of: parent) else {
      return nil
    }
    return table.string(of: NameID(rawValue: table.elements[known.element].name))
  }

  private func claimed(path: String, by resource: Int) -> TreeNode? {
    guard let meta = tree.child(names.meta, of: resource) else { return nil }
    for claim in tree.children(of: meta) where nodes[claim].name == names.profile {
      if let found = definition(path, in: tree.string(at: claim)) { return found }
    }
    return nil
  }

  private func definition(_ path: String, in structure: String) -> TreeNode? {
    session.snapshot(of: structure)?.element(path)
  }
}

/// The elements of a StructureDefinition's snapshot, by their paths.
struct SnapshotIndex {
  private let tree: ResourceTree
  private let type: TypeID
  private var elements: [String: Int] = [:]

  /// - Returns: nil where there is no snapshot: what a differential leaves out is not known.
  init?(_ tree: ResourceTree, table: DefinitionTable) {
    guard let type = table.typeID("ElementDefinition"), let snapshot = table.nameID("snapshot"),
      let element = table.nameID("element"), let path = table.nameID("path"),
      let id = table.nameID("id"), let sliceName = table.nameID("sliceName"),
      let whole = tree.child(snapshot, of: 0)
    else { return nil }
    self.tree = tree
    self.type = type
    for node in tree.children(of: whole) where tree.nodes[node].name == element {
      guard let place = tree.child(path, of: node), tree.child(sliceName, of: node) == nil else { continue }
      // What stands below a slice is of the same path: its id tells.
      if let id = tree.child(id, of: node), tree.rawText(id).contains(UInt8(ascii: ":")) { continue }
      let path = tree.string(at: place)
      if elements[path] == nil { elements[path] = node }
    }
  }

  /// The element of that path; choices go by their stem.
  func element(_ path: String) -> TreeNode? {
    (elements[path] ?? elements[path + "[x]"]).map { TreeNode(tree: tree, node: $0, type: type) }
  }
}

extension ProfileSession {
  func snapshot(of canonical: String) -> SnapshotIndex? {
    if let known = snapshots[canonical] { return known }
    let index = library.tree(of: canonical).flatMap { SnapshotIndex($0, table: library.table) }
    snapshots[canonical] = .some(index)
    return index
  }
}
