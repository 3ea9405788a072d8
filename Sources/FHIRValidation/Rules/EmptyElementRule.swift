import FHIRModel

/// Reports elements that hold nothing, or no more than an id: FHIR leaves out what has no content.
///
/// See https://hl7.org/fhir/R4/json.html#null and ele-1.
enum EmptyElementRule {
  static func report(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    walk.report(
      .error, .elementEmpty, at: node,
      "\(walk.path(child)) is empty: it must have content (an id alone is none) or be left out")
  }
}
