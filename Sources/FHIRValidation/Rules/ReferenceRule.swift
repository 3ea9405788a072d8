import CDefinitions
import FHIRModel

/// Checks the syntax of literal references and, where the text or `Reference.type` tells it, the target's
/// type.
///
/// See https://hl7.org/fhir/R4/references.html#Reference. What a reference resolves to is not looked for
/// here.
enum ReferenceRule {
  static func check(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    let names = walk.plan.names
    var literal: Int?
    var type: Int?
    for part in walk.tree.children(of: node) {
      switch walk.nodes[part].name {
      case names.reference: literal = part
      case names.type: type = part
      default: break
      }
    }
    let stated = type.flatMap { statedType(node, $0, &walk) }
    guard let literal, walk.nodes[literal].textLength > 0 else {
      if let stated { checkTarget(node, stated, child, &walk) }
      return
    }
    let target = literalType(node, literal, child, isTyped: stated != nil, &walk)
    if let target, let stated, target != stated {
      walk.report(
        .error, .referenceTarget, at: node, "Reference.type and Reference.reference name different types")
      return
    }
    if let target = target ?? stated { checkTarget(node, target, child, &walk) }
  }

  /// The type that `Reference.type` names; nil where it is a logical model's URL, or after a report.
  private static func statedType(_ node: Int, _ type: Int, _ walk: inout StructureWalk) -> TypeID? {
    let table = walk.plan.table
    let known = walk.withText(type) { text in
      (id: table.resourceTypeID(text), isURL: text.isEmpty || text.contains(UInt8(ascii: ":")))
    }
    if known.id == nil && !known.isURL {
      walk.report(
        .error, .referenceTarget, at: type, value: type, "Reference.type must be a resource type of FHIR R4")
    }
    return known.id
  }

  /// The type that the reference's text names, after its syntax was checked.
  private static func literalType(
    _ node: Int, _ literal: Int, _ child: PlanChild, isTyped: Bool, _ walk: inout StructureWalk
  ) -> TypeID? {
    let table = walk.plan.table
    let reference = walk.withText(literal) { LiteralReference($0, table) }
    walk.noteReference(node, literal: literal, reference, child)
    switch reference.form {
    case .fragment: walk.noteFragment(literal, of: isTyped ? nil : (node, child))
    case .urn, .absolute: break
    case .malformed:
      walk.report(
        .error, .referenceSyntax, at: literal, value: literal,
        "Reference.reference must be Type/id, an absolute URL, urn:uuid:…, urn:oid:…, or #id of a contained resource, "
          + "without white space"
      )
    case .relative, .conditional:
      if reference.type == nil {
        walk.report(
          .error, .referenceSyntax, at: literal, value: literal,
          "Reference.reference must begin with a resource type of FHIR R4, or be an absolute URL")
      }
    }
    return reference.form == .malformed ? nil : reference.type
  }

  static func checkTarget(
    _ node: Int, _ target: TypeID, _ child: PlanChild, _ walk: inout StructureWalk
  ) {
    let table = walk.plan.table
    let ref = table.typeRefs[Int(child.typeRef)]
    let targets = table.targets[Int(ref.first_target)..<Int(ref.first_target) + Int(ref.target_count)]
    if targets.isEmpty || targets.contains(target.rawValue) { return }
    let allowed = targets.map { table.name(of: TypeID(rawValue: $0)) }.joined(separator: ", ")
    walk.report(
      .error, .referenceTarget, at: node,
      "\(walk.path(child)) may not refer to a resource of type \(table.name(of: target)), only to: \(allowed)"
    )
  }
}
