import CDefinitions
import FHIRModel

/// Checks the ids of elements: they have no spaces, and within a resource no two are alike.
///
/// See https://hl7.org/fhir/R4/element.html#id. The ids of ElementDefinitions are alike in snapshot and
/// differential by design, and are left out.
enum ElementIDRule {
  struct Key: Hashable {
    let resource: Int
    let id: String
  }

  static func check(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    let id = walk.tree.string(at: node)
    if id.utf8.contains(0x20) {
      walk.report(.error, .primitiveFormat, at: node, value: node, "an element's id may hold no spaces")
    }
    let frame = walk.frame
    if walk.plan.isElementDefinition(frame.type) { return }
    let key = Key(resource: frame.resource, id: id)
    if walk.elementIDs[key] != nil {
      walk.report(
        .error, .elementID, at: frame.node, position: node, value: node,
        "another element of the same resource has the same id")
    } else {
      walk.elementIDs[key] = frame.node
    }
  }
}
