package import FHIRModel

extension InvertiblePath {
  /// The nodes at the path's end, in the order of the tree.
  package func nodes(in tree: ResourceTree, from start: Int = 0) -> [Int] {
    var nodes = [start]
    for step in steps {
      switch step {
      case .child(let child):
        nodes = nodes.flatMap { node in
          tree.children(of: node).filter {
            tree.nodes[$0].name == child.id && tree.nodes[$0].flags.kind != .emptyArray
          }
        }
      case .filter(let conditions):
        nodes = nodes.filter { node in conditions.allSatisfy { $0.holds(for: node, in: tree) } }
      case .index(let number):
        nodes = nodes.indices.contains(number) ? [nodes[number]] : []
      }
      if nodes.isEmpty { return [] }
    }
    return nodes
  }

  /// The first node at the path's end.
  package func firstNode(in tree: ResourceTree, from start: Int = 0) -> Int? {
    // Paths of plain children are the common case, and need no list.
    var node = start
    for step in steps {
      switch step {
      case .child(let child):
        guard let next = tree.child(child.id, of: node) else { return nil }
        node = next
      case .index(0): break
      default: return nodes(in: tree, from: start).first
      }
      if case .child(let child) = step, child.repeats { return nodes(in: tree, from: start).first }
    }
    return node
  }
}

extension InvertiblePath.Condition {
  func holds(for node: Int, in tree: ResourceTree) -> Bool {
    holds(path[...], node, tree)
  }

  private func holds(_ path: ArraySlice<InvertiblePath.Child>, _ node: Int, _ tree: ResourceTree) -> Bool {
    guard let child = path.first else { return equals(node, tree) }
    return tree.children(of: node).contains {
      tree.nodes[$0].name == child.id && holds(path.dropFirst(), $0, tree)
    }
  }

  private func equals(_ node: Int, _ tree: ResourceTree) -> Bool {
    guard tree.nodes[node].flags.contains(.hasValue) else { return false }
    let text = tree.string(at: node)
    switch value {
    case .string(let literal): return text == literal
    case .boolean(let literal): return text == (literal ? "true" : "false")
    case .integer(let literal): return text == String(literal)
    }
  }
}
