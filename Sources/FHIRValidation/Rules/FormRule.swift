import CDefinitions
import FHIRModel

/// Checks the form in which a source wrote an element: a value of the right JSON kind, an array where one is
/// due, an attribute where XML has one. Only nodes whose form is not the usual one come here.
///
/// See https://hl7.org/fhir/R4/json.html and https://hl7.org/fhir/R4/xml.html
enum FormRule {
  /// How the walk goes on.
  enum Outcome {
    case regular
    /// Children are to be looked at, the value is not.
    case withoutValue
    /// Neither is: the node was reported.
    case unusable
  }

  static func check(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) -> Outcome {
    switch walk.nodes[node].flags.kind {
    case .emptyArray:
      walk.report(
        .error, .arrayEmpty, at: node, whole: true,
        "\(walk.path(child)) is an empty array: leave the element out")
      return .unusable
    case .null:
      walk.report(.error, .nullValue, at: node, "\(walk.path(child)) is null: leave the element out")
      return .unusable
    case .array:
      walk.report(.error, .arrayUnexpected, at: node, "\(walk.path(child)) has an array inside its array")
      return .unusable
    default: break
    }
    if walk.form == .json { checkArray(node, child, &walk) }
    if walk.form == .xml, !isAttributeDue(node, child, walk) { return .unusable }
    return checkKind(node, child, &walk)
  }

  private static func checkArray(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    let isItem = walk.nodes[node].flags.contains(.item)
    let repeats = child.marks.contains(.repeats)
    if isItem == repeats { return }
    if repeats {
      walk.report(
        .error, .arrayExpected, at: node, whole: true,
        "\(walk.path(child)) may repeat: JSON must write it as an array")
    } else if node == walk.tree.child(walk.nodes[node].name, of: walk.frame.node) {
      walk.report(
        .error, .arrayUnexpected, at: node, whole: true,
        "\(walk.path(child)) may stand only once: JSON must write it without an array")
    }
  }

  /// Whether what XML writes as an attribute is one, and nothing else is; the reader has reported where not.
  private static func isAttributeDue(_ node: Int, _ child: PlanChild, _ walk: borrowing StructureWalk) -> Bool
  {
    walk.nodes[node].flags.contains(.attribute) == isAttribute(child, walk)
  }

  /// Whether XML writes an element as an attribute, which has neither an id nor extensions.
  private static func isAttribute(_ child: PlanChild, _ walk: borrowing StructureWalk) -> Bool {
    walk.plan.table.elements[Int(child.element)].flags & UInt16(ELEMENT_ATTRIBUTE) != 0
  }

  private static func checkKind(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) -> Outcome {
    let flags = walk.nodes[node].flags
    let hasChildren = Int(walk.nodes[node].end) > node + 1
    let due = NodeFlags(rawValue: walk.form == .xml ? child.xml : child.json).kind
    if flags.contains(.companion), isAttribute(child, walk) {
      walk.report(
        .error, .jsonCompanion, at: node,
        "\(walk.path(child)) may have no _\(walk.name(node)): it has neither an id nor extensions")
      return .unusable
    }
    if flags.contains(.companion) && child.shape != .primitive {
      walk.report(
        .error, .jsonCompanion, at: node,
        "_\(walk.name(node)) stands beside no primitive value: \(walk.path(child)) has type \(walk.typeName(child))"
      )
      return .unusable
    }
    if flags.kind == due {
      if flags.contains(.companion), !hasChildren {
        walk.report(
          .error, .elementEmpty, at: node,
          "_\(walk.name(node)) is an empty object: it must have an id or extensions, or be left out")
      }
      return .regular
    }
    if walk.form == .document && flags.kind == .text && child.shape == .primitive { return .regular }
    switch child.shape {
    case .primitive where flags.kind == .none:
      // A value left out is right if extensions say why; JSON writes those in the companion property.
      if walk.form == .json && !flags.contains(.companion) { break }
      // An id alone says nothing (ele-1).
      if hasExtension(node, walk) { return .withoutValue }
      EmptyElementRule.report(node, child, &walk)
      return .unusable
    case .resource where flags.kind == .none:
      if hasChildren || walk.form == .json {
        walk.report(
          .error, .resourceType, at: node,
          "\(walk.path(child)) must hold a resource, and a resource its resourceType"
            + ResourceTypeRule.suggestion(at: node, walk))
      } else {
        EmptyElementRule.report(node, child, &walk)
      }
      return .unusable
    default: break
    }
    walk.report(
      .error, .valueKind, at: node, value: hasText(flags.kind) ? node : nil,
      "\(walk.path(child)) must be \(description(of: due, child, walk)), not \(noun(flags.kind, walk.form))")
    return child.shape == .primitive && hasText(flags.kind) ? .withoutValue : .unusable
  }

  private static func hasExtension(_ node: Int, _ walk: borrowing StructureWalk) -> Bool {
    walk.tree.children(of: node).contains { walk.nodes[$0].name != walk.plan.names.id }
  }

  private static func hasText(_ kind: ValueKind) -> Bool {
    switch kind {
    case .string, .number, .boolean, .text: true
    default: false
    }
  }

  private static func description(of kind: ValueKind, _ child: PlanChild, _ walk: borrowing StructureWalk)
    -> String
  {
    switch kind {
    case .none: "an element of type \(walk.typeName(child))"
    case .resource: "a resource"
    default: "\(noun(kind, walk.form)) (type \(walk.typeName(child)))"
    }
  }

  /// What a value is, as a message calls it.
  static func noun(_ kind: ValueKind, _ form: StructureWalk.Form) -> String {
    switch kind {
    case .string: "a JSON string"
    case .number: "a JSON number"
    case .boolean: "a JSON boolean"
    case .text: "a value"
    case .none: form == .xml ? "an element without a value" : "a JSON object"
    case .resource: "a resource"
    case .null: "null"
    case .emptyArray, .array: "an array"
    }
  }
}
