import CDefinitions
import FHIRModel

/// Checks that a resource names a type of its own that R4 has and that is not abstract.
///
/// See https://hl7.org/fhir/R4/json.html#resources
enum ResourceTypeRule {
  /// The type at the tree's root: that of the resource, or of the element that `rootExpression` names.
  static func rootType(_ walk: inout StructureWalk) -> TypeID? {
    if walk.nodes[0].flags.kind == .resource { return type(of: 0, &walk) }
    if let type = walk.tree.rootType(in: walk.plan.table) { return type }
    // What is no string remains a member like any other.
    let members = walk.tree.children(of: 0)
    if let member = members.first(where: { isNamed("resourceType", $0, walk) }) {
      let flags = walk.nodes[member].flags
      let found = flags.contains(.item) ? "an array" : FormRule.noun(flags.kind, walk.form)
      walk.report(
        .error, .resourceType, at: 0, position: member,
        "resourceType must be a JSON string, the name of the kind of resource, not \(found)")
      return nil
    }
    walk.report(
      .error, .resourceType, at: 0,
      "the resource has no resourceType: which kind of resource it is\(suggestion(at: 0, walk))")
    return nil
  }

  private static func isNamed(_ name: String, _ node: Int, _ walk: borrowing StructureWalk) -> Bool {
    walk.tree.nameString(of: node, table: walk.plan.table) == name
  }

  /// The type that the resource at a node names, or nil after a report.
  static func type(of node: Int, _ walk: inout StructureWalk) -> TypeID? {
    let table = walk.plan.table
    let name = walk.tree.rawText(node)
    if let type = table.resourceTypeID(name) { return type }
    if name.isEmpty {
      walk.report(
        .error, .resourceType, at: node,
        "the resource's resourceType is missing, empty or no string\(suggestion(at: node, walk))")
      return nil
    }
    let text = String(decoding: name, as: UTF8.self)
    if let type = table.typeID(name), table[type].flags & UInt8(TYPE_ABSTRACT) != 0 {
      walk.report(
        .error, .resourceType, at: node,
        "\(text) is an abstract type: a resource must be of a type derived from it")
      return nil
    }
    let suggestion =
      OtherRelease.words(of: text).map { ": \(text) is \($0)" }
      ?? table.closestResourceType(to: text).map { "; did you mean \($0)?" } ?? ""
    walk.report(
      .error, .resourceType, at: node, value: node, "FHIR R4 has no resource type of this name\(suggestion)")
    return nil
  }

  /// The member by which somebody meant `resourceType`, or what the object is that is no resource.
  static func suggestion(at node: Int, _ walk: borrowing StructureWalk) -> String {
    let names = walk.tree.children(of: node).map { walk.tree.nameString(of: $0, table: walk.plan.table) }
    // See https://hl7.org/fhir/uv/bulkdata/export.html#response---complete-status
    if names.contains("transactionTime"), names.contains("output") {
      return "; this looks like a bulk export's manifest, which is known by its name: manifest.json"
    }
    for name in names {
      if name != "resourceType", name.lowercased().filter(\.isLetter) == "resourcetype" {
        return "; did you mean resourceType by `\(name)`?"
      }
    }
    return ""
  }
}
