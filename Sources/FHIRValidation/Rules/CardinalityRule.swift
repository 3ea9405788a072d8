import CDefinitions
import FHIRModel

/// Reports elements that must stand and do not.
///
/// See https://hl7.org/fhir/R4/conformance-rules.html#cardinality. The finding is the parent's, since what is
/// missing has no place.
enum CardinalityRule {
  /// - Parameter missing: the elements of the frame's type that are missing, by their order.
  static func reportMissing(_ missing: UInt64, _ walk: inout StructureWalk) {
    let frame = walk.frame
    let first = Int(walk.plan.table[frame.type].first_element)
    var left = missing
    while left != 0 {
      let order = left.trailingZeroBitCount
      left &= left - 1
      walk.report(
        .error, .cardinalityMin, at: frame.node,
        "\(walk.path(element: first + order)) is missing: it is required")
    }
  }
}
