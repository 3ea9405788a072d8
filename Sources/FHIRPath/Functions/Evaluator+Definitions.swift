import FHIRModel

/// What is known of elements by their definitions: by those of R4 and by profiles.
///
/// See https://hl7.org/fhir/R4/fhirpath.html#functions
extension Evaluator {
  /// The ElementDefinition of each element. What is no element of a resource, or one that FHIR does not know, has none.
  func definitions(
    _ index: Int, _ operation: Operation, _ focus: borrowing Focus, _ body: Body
  ) throws -> Bool {
    try each(Int(operation.a), focus) { item in
      guard case .node(let node) = item, node.type != NodeRef.unknownType else { return true }
      let element = treeNode(node)
      guard let found = ask({ $0.elementDefinition(of: element) }), let ref = ref(to: found) else {
        throw cannotTell(index, "what defines this element is not known here")
      }
      return try body(.node(ref))
    }
  }

  func sliced(
    _ index: Int, _ operation: Operation, _ focus: borrowing Focus, _ body: Body
  ) throws -> Bool {
    var elements: [TreeNode] = []
    _ = try each(Int(operation.a), focus) { item in
      if case .node(let node) = item { elements.append(treeNode(node)) }
      return true
    }
    guard !elements.isEmpty, let structure = try text(argument(0, operation), focus, for: index),
      let name = try text(argument(1, operation), focus, for: index)
    else { return true }
    switch ask({ $0.slice(name, of: structure, in: elements) }) {
    case .members(let members)?:
      for member in members {
        if let ref = ref(to: member), try !body(.node(ref)) { return false }
      }
      return true
    case .noSlice?: throw failure(index, "the profile has no slice of that name")
    case .cannotTell?, nil:
      throw cannotTell(index, "the profile, or how its slice is told, is not known here")
    }
  }

  /// An element that the environment gave, as one of this evaluator's.
  func ref(to element: TreeNode) -> NodeRef? {
    number(of: element.tree).map {
      NodeRef(
        tree: UInt16($0), type: element.type?.rawValue ?? NodeRef.unknownType, index: UInt32(element.node))
    }
  }
}
