import FHIRModel

/// Checks that a narrative is a `div` of XHTML.
///
/// See https://hl7.org/fhir/R4/narrative.html#xhtml
enum NarrativeRule {
  static func check(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    let path = walk.path(child)
    switch walk.withText(node, { NarrativeGrammar.xhtml($0) }) {
    case .valid: break
    case .empty:
      walk.report(.error, .stringEmpty, at: node, "\(path) is empty: it must be a <div> with content")
    case .noDiv:
      walk.report(.error, .primitiveFormat, at: node, "\(path) must be one XHTML <div> element")
    case .noNamespace:
      // XML's reader knows the namespace from elsewhere; JSON's texts have it only here.
      if walk.form == .json {
        walk.report(
          .warning, .primitiveFormat, at: node,
          "\(path) should name its namespace: <div xmlns=\"http://www.w3.org/1999/xhtml\">")
      }
    case .wrongNamespace:
      walk.report(
        .error, .primitiveFormat, at: node,
        "\(path) is not XHTML: its namespace must be http://www.w3.org/1999/xhtml")
    }
  }
}
