import CDefinitions
import FHIRModel

/// Checks a primitive's text against its type's grammar and range, and then its code against a required
/// binding.
///
/// See https://hl7.org/fhir/R4/datatypes.html#primitive
enum PrimitiveRule {
  @inline(__always)
  static func check(_ i: Int, _ node: Node, _ child: PlanChild, _ walk: inout StructureWalk) {
    if child.grammar == UInt8(GRAMMAR_XHTML.rawValue) {
      NarrativeRule.check(i, child, &walk)
      return
    }
    let verdict: PrimitiveVerdict
    if node.flags.contains(.escaped) {
      verdict = walk.withText(i) { PrimitiveGrammar.check(child.grammar, $0, plain: false) }
    } else {
      verdict = PrimitiveGrammar.check(child.grammar, walk.tree.rawText(i), plain: true)
    }
    if verdict != .valid { report(i, verdict, child, &walk) }
    if !child.marks.isDisjoint(with: [.binding, .elementID, .local]), verdict == .valid {
      if child.marks.contains(.local), walk.tree.rawText(i).first == UInt8(ascii: "#") {
        walk.noteFragment(i, isReference: false)
      } else if child.marks.contains(.local), !walk.isAbsolute(i) {
        reportRelative(i, child, &walk)
      }
      if child.marks.contains(.binding) { BindingRule.check(i, child, &walk) }
      if child.marks.contains(.elementID) { ElementIDRule.check(i, child, &walk) }
    }
  }

  /// A canonical URL names a resource wherever it is; one that is relative does not.
  ///
  /// See https://hl7.org/fhir/R4/resource.html#canonical. R4's own examples refer by relative ones here and there.
  private static func reportRelative(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    if child.grammar == UInt8(GRAMMAR_CANONICAL.rawValue) {
      walk.report(
        .warning, .primitiveFormat, at: node, value: node,
        "\(walk.path(child)) should be an absolute URL, or #id of a contained resource")
    } else if child.name == walk.plan.names.url.rawValue, walk.definesCanonical {
      walk.report(
        .error, .primitiveFormat, at: node, value: node,
        "\(walk.path(child)) must be an absolute URL: others refer to the definition by it")
    }
  }

  private static func report(
    _ node: Int, _ verdict: PrimitiveVerdict, _ child: PlanChild, _ walk: inout StructureWalk
  ) {
    let path = walk.path(child)
    let requirement = PrimitiveGrammar.requirement(child.grammar)
    switch verdict {
    case .valid: break
    case .empty:
      walk.report(
        .error, .stringEmpty, at: node, "\(path) is an empty string: it must have content or be left out")
    case .malformed:
      walk.report(.error, .primitiveFormat, at: node, value: node, "\(path) must be \(requirement)")
    case .whitespace:
      walk.report(
        .error, .primitiveFormat, at: node, value: node,
        "\(path) has white space where there may be none; it must be \(requirement)")
    case .outOfRange:
      walk.report(
        .error, .primitiveRange, at: node, value: node, "\(path) is out of range: it must be \(requirement)")
    case .noSuchDay:
      walk.report(
        .error, .primitiveRange, at: node, value: node, "\(path) names a day or month that does not exist")
    case .zoneMissing:
      walk.report(
        .error, .primitiveFormat, at: node, value: node,
        "\(path) has a time without a time zone: add Z, or an offset such as +01:00")
    case .secondsMissing:
      walk.report(
        .error, .primitiveFormat, at: node, value: node,
        "\(path) has a time without seconds: it must be hh:mm:ss")
    case .tooLong where child.grammar == UInt8(GRAMMAR_ID.rawValue):
      walk.report(.error, .primitiveFormat, at: node, value: node, "\(path) must be \(requirement)")
    case .tooLong:
      // What is said of string is not repeated for markdown, which HL7's validator lets pass.
      walk.report(
        child.grammar == UInt8(GRAMMAR_MARKDOWN.rawValue) ? .warning : .error, .primitiveRange, at: node,
        "\(path) is longer than the 1,048,576 characters that a string may have")
    case .controlCharacter:
      walk.report(
        .warning, .primitiveFormat, at: node,
        "\(path) holds a control character, which FHIR's strings may not")
    }
  }
}

extension StructureWalk {
  /// Whether a node's text is an absolute URI: it begins with a scheme.
  fileprivate func isAbsolute(_ node: Int) -> Bool { tree.rawText(node).contains(UInt8(ascii: ":")) }

  /// Whether the element around is a resource that others refer to by its canonical URL.
  fileprivate var definesCanonical: Bool {
    nodes[frame.node].flags.kind == .resource
      && plan.table.child(plan.names.experimental, of: frame.type) != nil
  }
}
