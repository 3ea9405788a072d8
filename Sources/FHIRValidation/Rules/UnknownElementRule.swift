import FHIRModel

/// Reports elements and attributes that their parent's type does not have.
///
/// They are kept in the tree all the same. The finding bears the parent's path, as HL7's validator has it,
/// since no path leads to an element that does not exist; its position is the element's own.
enum UnknownElementRule {
  static func report(_ node: Int, _ walk: inout StructureWalk) {
    guard walk.findings.count < walk.options.maxIssues else {
      // What somebody may have meant is dear to find out.
      walk.overflowed = true
      return
    }
    let frame = walk.frame
    let table = walk.plan.table
    let name = walk.name(node)
    if isReported(node, name: name, walk) { return }
    let type = table.name(of: frame.type)
    if let choice = ChoiceTypeRule.choice(named: name, of: frame.type, table) {
      ChoiceTypeRule.reportType(node, name: name, choice: choice, &walk)
      return
    }
    var message = "\(type) has no element '\(name)'"
    if let suggestion = table.closestName(to: name, in: frame.type) {
      message += "; did you mean '\(suggestion)'?"
    }
    walk.report(.error, .unknownElement, at: frame.node, position: node, message)
  }

  /// Whether the reader has reported what it kept under this name: in XML attributes, text (`#text`) and
  /// names of other namespaces (`{namespace}name`), in JSON companions that fit no value (`_name`).
  private static func isReported(_ node: Int, name: String, _ walk: borrowing StructureWalk) -> Bool {
    let flags = walk.nodes[node].flags
    return switch walk.form {
    case .json: name.hasPrefix("_") && !flags.contains(.companion)
    case .xml: flags.contains(.attribute) || name.hasPrefix("{") || name == "#text"
    case .document: false
    }
  }
}
