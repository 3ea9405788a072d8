import FHIRModel
import FHIRPath

/// The nodes of a slice, noted while a plan is run over what they stand in.
struct SoughtSlice {
  let name: String
  let plan: PlanReference
  var found: Set<Int> = []
}

extension ProfileWalk {
  /// Notes a node if it is of the slice that is wanted.
  mutating func note(_ node: Int, in element: Int32, _ plan: PlanReference) {
    guard let sought, sought.plan.isSame(as: plan),
      plan.plan.details[Int(element)].sliceName == sought.name
    else { return }
    self.sought?.found.insert(node)
  }

  /// The nodes of a slice below an element that the plan is for.
  mutating func members(of slice: SoughtSlice, from node: Int, _ type: TypeID) -> Set<Int> {
    sought = slice
    _ = isQuietlySound { $0.check(node, type, slice.plan) }
    defer { sought = nil }
    return sought?.found ?? []
  }
}

extension ProfileSession {
  /// Those of some elements, and of what stands directly in them, that are in a slice.
  func members(ofSlice name: String, of structure: String, in elements: [TreeNode]) -> SliceAnswer {
    guard let plan = plan(library.number(of: structure)) else { return .cannotTell }
    let details = plan.plan.details.filter { $0.sliceName == name }
    guard !details.isEmpty else { return .noSlice }
    guard !details.contains(where: { !$0.isTellable }) else { return .cannotTell }
    let slice = SoughtSlice(name: name, plan: plan)
    var members: [TreeNode] = []
    var known: [Int: Set<Int>] = [:]
    var tree: ResourceTree?
    for element in elements {
      if tree !== element.tree {
        tree = element.tree
        known = [:]
      }
      var walk = ProfileWalk(tree: element.tree, session: self, options: ValidationOptions())
      for (node, type) in walk.line(to: element) where library.table.isSubtype(type, of: plan.plan.type) {
        let found = known[node] ?? walk.members(of: slice, from: node, type)
        known[node] = found
        if found.isEmpty { continue }
        if found.contains(element.node) {
          members.append(element)
        } else {
          let own = element.type ?? library.types.element
          for child in element.tree.children(of: element.node) where found.contains(child) {
            members.append(TreeNode(tree: element.tree, node: child, type: walk.type(of: child, below: own)))
          }
        }
        break
      }
    }
    return .members(members)
  }
}

extension ProfileWalk {
  /// An element and those around it, from the element out, with their types.
  fileprivate func line(to element: TreeNode) -> [(node: Int, type: TypeID)] {
    var chain = ExtensionChain()
    chain.lead(to: element.node, self)
    var line = chain.links.map { (node: $0.node, type: $0.type) }
    if element.node != 0 { line.append((element.node, element.type ?? session.library.types.element)) }
    return line.reversed()
  }
}
