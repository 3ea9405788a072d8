import CDefinitions
import FHIRModel
import FHIRTerminology

/// Checks coded values against the value sets that R4 binds their elements to.
///
/// See ``BindingCheck``. What cannot be decided offline is told only when the user asked for it.
enum BindingRule {
  /// A Coding, a Quantity, a CodeableConcept or an Identifier: by its binding, and by the system it names.
  static func checkComplex(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    check(node, child, &walk)
    let names = walk.plan.codedNames
    let type = TypeID(rawValue: child.type)
    if type != names.conceptType { CodedValueRule.check(node, child, &walk) }
  }

  /// - Parameter node: a code, string or uri, a Coding, a Quantity, or a CodeableConcept.
  static func check(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    guard let binding = walk.plan.binding(of: child), let form = walk.plan.form(of: child) else { return }
    let check = BindingCheck(
      tree: walk.tree, names: walk.plan.codedNames, terminology: walk.plan.terminology)
    switch check.check(node, form: form, binding: binding) {
    case .holds: break
    case .cannotTell(let doubt):
      if walk.options.tellsUndecided {
        walk.report(.information, .codeUndecided, at: node, "\(walk.path(child)) cannot be checked: \(doubt)")
      }
    case .broken(let fault):
      if fault.isToldByCoding { return }
      if form == .code, isFormatShorthand(node, child, walk) || isForeign(node, fault, child, walk) { return }
      if fault.severity == .error && (form == .concept || form == .coding) {
        // One finding for one mistake: that the code system has no such code goes without saying.
        walk.codingsToldUntil = Int(walk.nodes[node].end)
      }
      walk.report(
        fault.severity, fault.rule, at: node, value: form == .concept ? nil : fault.value,
        "\(walk.path(child)) \(fault.demand)")
    }
  }

  /// A uri that an extensible binding leaves free to name what is defined elsewhere, and that does: a FHIRPath type, a
  /// logical model.
  private static func isForeign(
    _ node: Int, _ fault: BindingCheck.Fault, _ child: PlanChild, _ walk: borrowing StructureWalk
  ) -> Bool {
    fault.severity == .warning && child.grammar >= UInt8(GRAMMAR_URI.rawValue)
      && child.grammar <= UInt8(GRAMMAR_CANONICAL.rawValue)
      && walk.tree.rawText(node).contains(UInt8(ascii: ":"))
  }

  /// Statements of what a server speaks may say `xml`, `json` and `ttl` where a MIME type is due.
  ///
  /// See https://hl7.org/fhir/R4/http.html#parameters, _format
  private static func isFormatShorthand(
    _ node: Int, _ child: PlanChild, _ walk: borrowing StructureWalk
  ) -> Bool {
    let path = walk.path(child)
    guard path.hasPrefix("CapabilityStatement.") || path.hasPrefix("TestScript.") else { return false }
    return ["xml", "json", "ttl"].contains(walk.tree.string(at: node))
      && walk.plan.binding(of: child)?.valueSet.plan.grammar == .mime
  }
}
