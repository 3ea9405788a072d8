import CDefinitions
import FHIRModel

/// Checks codes against the value sets that they are bound to by a required binding.
///
/// See https://hl7.org/fhir/R4/terminologies.html#required. Value sets that cannot be decided offline have no
/// verdict.
enum BindingRule {
  /// A code, string or uri, whose code system is implied.
  static func checkCode(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    let table = walk.plan.table
    let index = valueSet(of: child, table)
    let isMember = walk.withText(node) { contains(code: $0, system: nil, valueSet: index, table) }
    if !isMember && !isFormatShorthand(node, child, walk) {
      walk.report(
        .error, .bindingRequired, at: node, value: node,
        "\(walk.path(child)) must be \(description(of: index, table))")
    }
  }

  /// Statements of what a server speaks may say `xml`, `json` and `ttl` where a MIME type is due.
  ///
  /// See https://hl7.org/fhir/R4/http.html#parameters, _format
  private static func isFormatShorthand(
    _ node: Int, _ child: PlanChild, _ walk: borrowing StructureWalk
  ) -> Bool {
    let table = walk.plan.table
    guard table.valueSets[valueSet(of: child, table)].codes == UInt8(CODES_MIME.rawValue) else {
      return false
    }
    let path = walk.path(child)
    guard path.hasPrefix("CapabilityStatement.") || path.hasPrefix("TestScript.") else { return false }
    return ["xml", "json", "ttl"].contains(walk.tree.string(at: node))
  }

  /// A Coding, a Quantity, or a CodeableConcept, one of whose codings must be in the value set.
  static func checkConcept(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    let table = walk.plan.table
    let names = walk.plan.names
    let index = valueSet(of: child, table)
    let hasCodings = table.child(names.coding, of: TypeID(rawValue: child.type)) != nil
    if !hasCodings {
      // A Quantity, Coding or the like without a code says nothing that could be outside of the value set.
      guard let code = walk.tree.child(names.code, of: node), !isMember(node, code: code, index, walk) else {
        return
      }
      walk.report(
        .error, .bindingRequired, at: node, value: code,
        "\(walk.path(child)) must be \(description(of: index, table))")
      return
    }
    for coding in walk.tree.children(of: node) where walk.nodes[coding].name == names.coding {
      if let code = walk.tree.child(names.code, of: coding), isMember(coding, code: code, index, walk) {
        return
      }
    }
    walk.report(
      .error, .bindingRequired, at: node,
      "\(walk.path(child)) must have a coding that is \(description(of: index, table))")
  }

  private static func isMember(
    _ coding: Int, code: Int, _ index: Int, _ walk: borrowing StructureWalk
  ) -> Bool {
    let system = walk.tree.child(walk.plan.names.system, of: coding)
    let table = walk.plan.table
    return walk.withText(code) { code in
      guard let system else {
        // Without its system a code is none of a listed code system; a grammar has no need of it.
        return table.valueSets[index].codes != UInt8(CODES_LISTED.rawValue)
          && contains(code: code, system: nil, valueSet: index, table)
      }
      return walk.withText(system) { contains(code: code, system: $0, valueSet: index, table) }
    }
  }

  private static func valueSet(of child: PlanChild, _ table: DefinitionTable) -> Int {
    let binding = table.binding(of: table.elements[Int(child.element)])
    guard let set = binding.flatMap({ table.requiredValueSet(of: $0) }) else {
      preconditionFailure("only elements with a required value set are marked for this rule")
    }
    return set
  }

  private static func contains(
    code: UnsafeBufferPointer<UInt8>, system: UnsafeBufferPointer<UInt8>?, valueSet: Int,
    _ table: DefinitionTable
  ) -> Bool {
    switch definition_codes(UInt32(table.valueSets[valueSet].codes)) {
    case CODES_LISTED:
      guard let system else { return table.contains(code: code, valueSet: valueSet) }
      return table.contains(code: code, system: system, valueSet: valueSet)
    case CODES_LANGUAGE: return CodeGrammar.isLanguage(code)
    case CODES_MIME: return CodeGrammar.isMIMEType(code)
    default: return true
    }
  }

  /// What the value set holds: its codes if they are few.
  private static func description(of index: Int, _ table: DefinitionTable) -> String {
    let set = table.valueSets[index]
    let name = table.string(set.url).split(separator: "/").last.map(String.init) ?? "its value set"
    switch definition_codes(UInt32(set.codes)) {
    case CODES_LANGUAGE: return "a language tag such as en or de-CH (BCP 47)"
    case CODES_MIME: return "a MIME type such as text/plain"
    default: break
    }
    let first = Int(set.first_code)
    let codes = table.codes[first..<first + Int(set.code_count)].map { table.string($0.code) }
    guard codes.count <= 16 else { return "one of the \(codes.count) codes of \(name)" }
    return "one of the \(codes.count) codes of \(name) (\(codes.joined(separator: ", ")))"
  }
}
