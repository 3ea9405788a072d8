package import FHIRModel

/// The references of one resource that are to be stored under another text than the one they came with.
///
/// Filled in the order of the nodes, as ``ReferenceScan`` gives them.
package struct ReferenceRewrites: Sendable {
  private var nodes: [Int] = []
  private var texts: [String] = []
  /// Names of targets by the nodes of their references: few, if any.
  private var targetNames: [(node: Int, name: String)] = []

  package init() {}

  package var isEmpty: Bool { nodes.isEmpty && targetNames.isEmpty }

  /// Notes beside `Reference.reference` at a node what its target is called.
  package mutating func append(node: Int, targetName: String) { targetNames.append((node, targetName)) }

  func targetName(for node: Int) -> String? { targetNames.first { $0.node == node }?.name }

  /// Gives `Reference.reference` at a node another text.
  package mutating func append(node: Int, text: String) {
    precondition(nodes.last.map { $0 < node } ?? true, "rewrites come in the order of the nodes")
    nodes.append(node)
    texts.append(text)
  }

  package mutating func removeAll() {
    nodes.removeAll(keepingCapacity: true)
    texts.removeAll(keepingCapacity: true)
    targetNames.removeAll(keepingCapacity: true)
  }

  /// Adds what becomes of the references of the resource at a node.
  func add(to digest: inout ContentDigest, from root: Int) {
    for (node, text) in zip(nodes, texts) {
      digest.add(ContentDigest.Words(high: UInt64(node - root), low: 1))
      digest.add(text)
    }
    for (node, name) in targetNames {
      digest.add(ContentDigest.Words(high: UInt64(node - root), low: 2))
      digest.add(name)
    }
  }

  func text(for node: Int) -> String? {
    var low = 0
    var high = nodes.count
    while low < high {
      let middle = (low + high) / 2
      if nodes[middle] < node { low = middle + 1 } else { high = middle }
    }
    return low < nodes.count && nodes[low] == node ? texts[low] : nil
  }
}

/// Finds every `Reference.reference` in a resource.
package struct ReferenceScan: Sendable {
  private let table: DefinitionTable
  private let name: NameID?
  private let type: TypeID?

  package init(table: DefinitionTable = .r4) {
    self.table = table
    name = table.nameID("reference")
    type = table.typeID("Reference")
  }

  /// What R4 says of an element that is a Reference: what it may lead to.
  package struct Place: Sendable {
    private let table: DefinitionTable
    private let child: DefinitionTable.Child?

    fileprivate init(_ table: DefinitionTable, _ child: DefinitionTable.Child?) {
      self.table = table
      self.child = child
    }

    /// The element of a type that has this name in JSON.
    package init?(_ name: String, of type: TypeID, table: DefinitionTable = .r4) {
      guard let child = table.nameID(name).flatMap({ table.child($0, of: type) }) else { return nil }
      self.init(table, child)
    }

    /// What stands in the element.
    package var type: TypeID? { child.map { table.type(of: $0) } }

    /// The names of the types that it may lead to; none where that may be any.
    package var targets: [String] {
      guard let child else { return [] }
      return table.targets(of: table.typeRefs[child.typeRef]).map { table.name(of: TypeID(rawValue: $0)) }
    }

    /// Whether it may lead to a resource of a type.
    package func allows(_ type: UnsafeBufferPointer<UInt8>) -> Bool {
      guard let child, let target = table.resourceTypeID(type) else { return true }
      let targets = table.targets(of: table.typeRefs[child.typeRef])
      return targets.isEmpty || targets.contains(target.rawValue)
    }
  }

  /// Calls `body` with each Reference and its child `reference`, in the order of the nodes, but for those whose text (as
  /// the source wrote it) is not wanted.
  ///
  /// Elements that are called `reference` and are none (DetectedIssue.reference, a uri) are left out.
  package func forEach(
    in tree: ResourceTree, from root: Int, where isWanted: (UnsafeBufferPointer<UInt8>) -> Bool,
    _ body: (_ element: Int, _ reference: Int, _ place: Place) -> Void
  ) {
    guard let name, let type else { return }
    let end = Int(tree.nodes[root].end)
    var way: [Step] = []
    var node = root + 1
    while node < end {
      let candidate = tree.nodes[node]
      if candidate.name == name, candidate.flags.kind == .string || candidate.flags.kind == .text,
        isWanted(tree.rawText(node)),
        let (owner, element, child) = owner(of: node, from: root, in: tree, &way),
        owner == type
      {
        body(element, node, Place(table, child))
      }
      node += 1
    }
  }

  /// An element on the way from the resource to a node, and how far its children were passed.
  private struct Step {
    let parent: Int
    let type: TypeID?
    let element: DefinitionTable.Child?
    var child: Int

    init(parent: Int, type: TypeID?, element: DefinitionTable.Child? = nil) {
      self.parent = parent
      self.type = type
      self.element = element
      child = parent + 1
    }
  }

  /// The type of the element that a node stands in, that element, and what defines it.
  ///
  /// - Parameter way: from the root to the node asked for before, which stands before this one; so each node is passed once.
  private func owner(
    of node: Int, from root: Int, in tree: ResourceTree, _ way: inout [Step]
  ) -> (TypeID, Int, DefinitionTable.Child?)? {
    if way.isEmpty {
      way.reserveCapacity(8)
      way.append(Step(parent: root, type: resourceType(of: root, in: tree)))
    }
    while way.count > 1, Int(tree.nodes[way[way.count - 1].parent].end) <= node { way.removeLast() }
    while true {
      let last = way.count - 1
      var child = way[last].child
      while Int(tree.nodes[child].end) <= node { child = Int(tree.nodes[child].end) }
      way[last].child = child
      let type = way[last].type
      if child == node { return type.map { ($0, way[last].parent, way[last].element) } }
      if tree.nodes[child].flags.kind == .resource {
        way.append(Step(parent: child, type: resourceType(of: child, in: tree)))
      } else {
        let name = tree.nodes[child].name
        let element = type.flatMap { name.isUnknown ? nil : table.child(name, of: $0) }
        way.append(Step(parent: child, type: element.map { table.type(of: $0) }, element: element))
      }
    }
  }

  private func resourceType(of node: Int, in tree: ResourceTree) -> TypeID? {
    table.resourceTypeID(tree.rawText(node))
  }
}
