import FHIRModel

/// Checks that a narrative is a `div` of XHTML which holds only what a narrative may (txt-1, txt-2).
///
/// See https://hl7.org/fhir/R4/narrative.html#xhtml
enum NarrativeRule {
  /// A link to a place in the narratives of the same resource, which may stand further on.
  struct Link {
    let node: Int
    let target: String
    let place: SourcePosition?
  }

  static func check(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    let path = walk.path(child)
    switch walk.withText(node, { NarrativeGrammar.xhtml($0) }) {
    case .valid: checkMarkup(node, &walk)
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
      checkMarkup(node, &walk)
    case .wrongNamespace:
      walk.report(
        .error, .primitiveFormat, at: node,
        "\(path) is not XHTML: its namespace must be http://www.w3.org/1999/xhtml")
    }
  }

  private static func checkMarkup(_ node: Int, _ walk: inout StructureWalk) {
    let reader = walk.withText(node) { NarrativeReader($0) }
    for fault in reader.faults {
      let rule: Rule =
        switch fault.kind {
        case .malformed: .narrativeSyntax
        case .element, .attribute, .event: .invariant("txt-1")
        case .link: .narrativeLink
        case .empty: .invariant("txt-2")
        }
      walk.report(
        .error, rule, at: node, place: walk.place(of: fault.offset, in: node), fault.message)
    }
    walk.narrativeAnchors.formUnion(reader.anchors)
    for fragment in reader.fragments {
      // An image may be a contained Binary.
      walk.fragments.append(
        StructureWalk.Fragment(node: node, isReference: false, target: fragment.target))
      guard fragment.isLink else { continue }
      walk.narrativeLinks.append(
        Link(node: node, target: fragment.target, place: walk.place(of: fragment.offset, in: node)))
    }
  }

  /// Reports links to places that the resource's narratives do not have, when all of them have been read.
  ///
  /// In a Bundle such a link may lead to another entry's narrative once they are shown together.
  static func checkLinks(_ walk: inout StructureWalk) {
    guard !walk.narrativeLinks.isEmpty else { return }
    let links = walk.narrativeLinks
    let isEntry = walk.nodes[0].flags.kind != .resource
    for link in links where !walk.narrativeAnchors.contains(link.target) {
      if walk.hasContained(id: link.target) { continue }
      walk.report(
        isEntry ? .warning : .error, .narrativeLink, at: link.node, place: link.place,
        "a link leads to a place in the narrative that is not there: no element has this id or name")
    }
  }
}
