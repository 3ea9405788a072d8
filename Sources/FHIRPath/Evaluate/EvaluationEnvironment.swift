package import FHIRModel

/// An element in a tree, with its type.
package struct TreeNode {
  package let tree: ResourceTree
  package let node: Int
  package let type: TypeID?

  package init(tree: ResourceTree, node: Int, type: TypeID?) {
    self.tree = tree
    self.node = node
    self.type = type
  }
}

/// What expressions ask of the world beyond the tree at hand.
///
/// Each answer may be "nobody here knows": nil. An evaluator without an environment knows what the tree and the
/// definitions tell.
package protocol EvaluationEnvironment: AnyObject {
  /// What a reference or canonical points to, when it is not in the tree that the reference stands in.
  func resolve(_ reference: String, from source: TreeNode) -> TreeNode?
  /// Whether a code, Coding or CodeableConcept is in a value set; a text if it is no element.
  func isMember(_ value: TerminologyValue, of valueSet: String) -> Bool?
  /// Whether an element conforms to a profile.
  func conforms(_ element: TreeNode, to profile: String) -> Bool?
  /// Whether one code subsumes another.
  func subsumes(_ code: TerminologyValue, _ other: TerminologyValue) -> Bool?
  /// Whether a narrative's XHTML keeps the rules (txt-1, txt-2).
  func passesHTMLChecks(_ element: TreeNode) -> Bool
  /// What defines an element: an ElementDefinition in the snapshot of a StructureDefinition.
  func elementDefinition(of element: TreeNode) -> TreeNode?
  /// Those of some elements, and of what stands directly in them, that are in a slice of a profile.
  func slice(_ name: String, of structure: String, in elements: [TreeNode]) -> SliceAnswer
  /// Called for every `trace()`.
  func trace(_ name: String, _ items: [Item], _ evaluator: Evaluator)
}

/// What terminology is asked about.
package enum TerminologyValue {
  case code(String)
  case element(TreeNode)
}

/// What is in a slice.
package enum SliceAnswer {
  /// In the order of the elements that were asked about.
  case members([TreeNode])
  /// The profile is there, and has no slice of that name.
  case noSlice
  /// The profile is not at hand, or does not say how its slice is told from others.
  case cannotTell
}

extension EvaluationEnvironment {
  package func resolve(_ reference: String, from source: TreeNode) -> TreeNode? { nil }
  package func isMember(_ value: TerminologyValue, of valueSet: String) -> Bool? { nil }
  package func conforms(_ element: TreeNode, to profile: String) -> Bool? { nil }
  package func subsumes(_ code: TerminologyValue, _ other: TerminologyValue) -> Bool? { nil }
  package func passesHTMLChecks(_ element: TreeNode) -> Bool { true }
  package func elementDefinition(of element: TreeNode) -> TreeNode? { nil }
  package func slice(_ name: String, of structure: String, in elements: [TreeNode]) -> SliceAnswer {
    .cannotTell
  }
  package func trace(_ name: String, _ items: [Item], _ evaluator: Evaluator) {}
}
