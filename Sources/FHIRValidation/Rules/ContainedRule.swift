import FHIRModel

/// Checks the form of a contained resource: it has an id, and contains no resource itself.
///
/// See https://hl7.org/fhir/R4/references.html#contained
enum ContainedRule {
  /// - Parameter isNested: whether the resource stands inside another contained resource.
  static func check(_ node: Int, isNested: Bool, _ walk: inout StructureWalk) {
    if isNested {
      walk.report(
        .error, .contained, at: node,
        "a contained resource may not contain another: all stand in the outermost resource")
    }
    if walk.tree.child(walk.plan.names.id, of: node) == nil {
      walk.report(
        .error, .contained, at: node, "a contained resource must have an id, by which it is referred to")
    }
  }
}

extension StructureWalk {
  /// Whether any resource of the tree contains one of this id.
  func hasContained(id: String) -> Bool {
    var resource = 0
    if nodes[0].flags.kind != .resource {
      guard let held = tree.child(plan.names.resource, of: 0) else { return false }
      resource = held
    }
    for child in tree.children(of: resource) where nodes[child].name == plan.names.contained {
      if let own = tree.child(plan.names.id, of: child), tree.string(at: own) == id { return true }
    }
    return false
  }
}
