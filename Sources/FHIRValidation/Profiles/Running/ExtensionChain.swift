import CDefinitions
import FHIRModel

/// The elements around a node, from the root down; kept from one extension to the next, so that finding them for all of a
/// tree's extensions costs no more than going through the tree once.
struct ExtensionChain {
  struct Link {
    var node: Int
    var end: Int
    var type: TypeID
    /// The element's name, without the type of a choice.
    var stem: NameID
    /// Where among the children the search stopped.
    var cursor: Int
  }

  private(set) var links: [Link] = []

  /// Leads the chain to a node: afterwards it holds all elements around it.
  mutating func lead(to node: Int, _ walk: borrowing ProfileWalk) {
    if links.isEmpty {
      links.append(
        Link(node: 0, end: Int(walk.nodes[0].end), type: walk.rootType, stem: .root, cursor: 1))
    }
    while let last = links.last, last.end <= node, links.count > 1 { links.removeLast() }
    while let last = links.indices.last {
      var child = links[last].cursor
      while child < node, Int(walk.nodes[child].end) <= node { child = Int(walk.nodes[child].end) }
      links[last].cursor = child
      guard child < node else { return }
      let name = walk.nodes[child].name
      let known = name.isUnknown ? nil : walk.table.child(name, of: links[last].type)
      links.append(
        Link(
          node: child, end: Int(walk.nodes[child].end), type: walk.type(of: child, below: links[last].type),
          stem: known.map { NameID(rawValue: walk.table.elements[$0.element].name) } ?? name,
          cursor: child + 1))
    }
  }
}

extension ProfileWalk {
  /// The type of the tree's root: of a resource its own, else that of the element that `rootExpression` names.
  var rootType: TypeID {
    if nodes[0].flags.kind == .resource { return resourceType(0) ?? session.library.types.resource }
    return tree.rootType(in: table) ?? session.library.types.element
  }
}
