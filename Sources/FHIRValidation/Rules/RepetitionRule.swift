import CDefinitions
import FHIRModel

/// Reports elements that stand more often than they may, and choices made twice.
///
/// See https://hl7.org/fhir/R4/conformance-rules.html#cardinality
enum RepetitionRule {
  /// Reports a further node of an element; false if there is nothing to report.
  static func report(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) -> Bool {
    let flags = walk.nodes[node].flags
    // The reader has reported a property that JSON names twice.
    if flags.contains(.duplicate) { return false }
    if walk.plan.table.elements[Int(child.element)].max == 0 {
      walk.report(
        .error, .cardinalityMax, at: walk.frame.node, position: node,
        "\(walk.name(node)) may not stand in \(walk.plan.table.name(of: walk.frame.type))")
      return true
    }
    let isChoice = walk.plan.table.elements[Int(child.element)].flags & UInt16(ELEMENT_CHOICE) != 0
    if isChoice, walk.nodes[previous(node, walk)].name != walk.nodes[node].name {
      walk.report(
        .error, .choiceMultiple, at: walk.frame.node, position: node,
        "\(walk.path(child)) stands with more than one type: only one of them may")
      return true
    }
    // An array where a single value is due is one finding, at its first item.
    if walk.form == .json && flags.contains(.item) { return false }
    walk.report(
      .error, .cardinalityMax, at: walk.frame.node, position: node, "\(walk.path(child)) may stand only once")
    return true
  }

  /// The last sibling before a node that is of the same element.
  private static func previous(_ node: Int, _ walk: borrowing StructureWalk) -> Int {
    let type = walk.frame.type
    let element = walk.plan.table.child(walk.nodes[node].name, of: type)?.element
    var found = node
    for sibling in walk.tree.children(of: walk.frame.node) {
      if sibling == node { break }
      let name = walk.nodes[sibling].name
      if !name.isUnknown, walk.plan.table.child(name, of: type)?.element == element { found = sibling }
    }
    return found
  }
}
