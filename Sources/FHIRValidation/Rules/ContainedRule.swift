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
