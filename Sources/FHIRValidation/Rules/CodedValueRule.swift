import FHIRModel
import FHIRTerminology

/// Checks the codes of Codings and Quantities, and the check digits of Identifiers, by what they say of themselves:
/// the system they name.
///
/// See https://hl7.org/fhir/R4/datatypes.html#Coding and https://hl7.org/fhir/R4/terminologies-systems.html. A system that
/// is not at hand has no verdict.
enum CodedValueRule {
  private static let uri = "urn:ietf:rfc:3986"
  private static let npi = "http://hl7.org/fhir/sid/us-npi"
  private static let ucum = "http://unitsofmeasure.org"

  static func check(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    let names = walk.plan.codedNames
    let type = TypeID(rawValue: child.type)
    guard let system = walk.tree.child(names.system, of: node) else {
      if type == names.codingType, node >= walk.codingsToldUntil,
        walk.tree.child(names.code, of: node) != nil
      {
        walk.report(
          .warning, .codeSystemMissing, at: node,
          "\(walk.path(child)) has a code without its system, which says nothing: add system")
      }
      return
    }
    if type == names.identifierType {
      checkSystem(ofIdentifier: node, system, child, &walk)
      checkIdentifier(node, system, child, &walk)
    } else if type == names.codingType {
      checkCoding(node, system, child, &walk)
    } else {
      checkQuantity(node, system, child, &walk)
    }
  }

  // MARK: Identifier

  /// See https://hl7.org/fhir/R4/datatypes.html#Identifier: a system that is relative is nobody's.
  private static func checkSystem(
    ofIdentifier node: Int, _ system: Int, _ child: PlanChild, _ walk: inout StructureWalk
  ) {
    let text = walk.tree.rawText(system)
    // What is no string is told of as such.
    let kind = walk.nodes[system].flags.kind
    guard kind == .string || kind == .text, !text.isEmpty, !text.contains(UInt8(ascii: ":")) else { return }
    walk.report(
      .error, .codeSystem, at: node, position: system, value: system,
      "\(walk.path(child)).system must be an absolute URI such as http://hospital.example/patients")
  }

  private static func checkIdentifier(
    _ node: Int, _ system: Int, _ child: PlanChild, _ walk: inout StructureWalk
  ) {
    if walk.tree.rawText(system).elementsEqual(uri.utf8) { return checkURI(node, child, &walk) }
    guard walk.tree.rawText(system).elementsEqual(npi.utf8),
      let value = walk.tree.child(walk.plan.codedNames.value, of: node),
      !walk.withText(value, { CheckDigits.isNPI($0) })
    else { return }
    walk.report(
      .warning, .identifierCheckDigit, at: node, position: value, value: value,
      "\(walk.path(child)) is no US national provider identifier: ten digits, of which the last is a check digit"
    )
  }

  /// See https://hl7.org/fhir/R4/identifier-registry.html: values of this system are whole URIs.
  private static func checkURI(_ node: Int, _ child: PlanChild, _ walk: inout StructureWalk) {
    guard let value = walk.tree.child(walk.plan.codedNames.value, of: node),
      walk.nodes[value].textLength > 0, walk.withText(value, { !URIGrammar.hasScheme($0) })
    else { return }
    walk.report(
      .error, .codeSystem, at: node, position: value, value: value,
      "\(walk.path(child)).value must be a whole URI (urn:oid:…, urn:uuid:…, https://…), as its system "
        + "urn:ietf:rfc:3986 says")
  }

  // MARK: Quantity

  private static func checkQuantity(
    _ node: Int, _ system: Int, _ child: PlanChild, _ walk: inout StructureWalk
  ) {
    guard let code = walk.tree.child(walk.plan.codedNames.code, of: node),
      walk.tree.rawText(system).elementsEqual(ucum.utf8)
    else { return }
    let known = walk.plan.terminology.system(ucum)
    guard walk.withText(code, { known.membership(of: $0) }) == .no else { return }
    walk.report(
      .error, .codeUnknown, at: node, position: code, value: code,
      "\(walk.path(child)) has a code that is no unit of UCUM: expected one such as mg/dL or mm[Hg], in UCUM's case"
    )
  }

  // MARK: Coding

  private static func checkCoding(
    _ node: Int, _ system: Int, _ child: PlanChild, _ walk: inout StructureWalk
  ) {
    let names = walk.plan.codedNames
    let known = walk.withText(system) { walk.plan.terminology.system($0) }
    guard known.isKnown else {
      checkUnknown(known, node, system, child, &walk)
      return
    }
    guard let code = walk.tree.child(names.code, of: node) else { return }
    switch walk.withText(code, { known.membership(of: $0) }) {
    case .unknown: break
    case .no:
      guard node >= walk.codingsToldUntil, !isOfOtherVersion(node, known, walk) else { return }
      reportUnknown(code, of: node, known, child, &walk)
    case .yes: checkConcept(node, code, known, child, &walk)
    }
  }

  private static func checkUnknown(
    _ known: KnownSystem, _ node: Int, _ system: Int, _ child: PlanChild, _ walk: inout StructureWalk
  ) {
    guard !walk.tree.rawText(system).isEmpty else { return }
    if !known.isAbsolute {
      walk.report(
        .error, .codeSystem, at: node, position: system, value: system,
        "\(walk.path(child)).system must be an absolute URI such as http://loinc.org")
    } else if known.isValueSet {
      walk.report(
        .error, .codeSystem, at: node, position: system, value: system,
        "\(walk.path(child)).system names a value set: a code's system is the code system that defines it")
    } else if walk.options.tellsUndecided {
      walk.report(
        .information, .codeUndecided, at: node, position: system,
        "\(walk.path(child)) cannot be checked: \(known.doubt)")
    }
  }

  /// Whether the data speak of another version of the code system than the one at hand.
  private static func isOfOtherVersion(
    _ node: Int, _ known: KnownSystem, _ walk: borrowing StructureWalk
  ) -> Bool {
    guard let version = walk.tree.child(walk.plan.codedNames.version, of: node), let own = known.version
    else {
      return false
    }
    return walk.tree.string(at: version) != own
  }

  private static func reportUnknown(
    _ code: Int, of node: Int, _ known: KnownSystem, _ child: PlanChild, _ walk: inout StructureWalk
  ) {
    let path = walk.path(child)
    switch (known.grammar, known.shape) {
    case (_, .loinc):
      walk.report(
        .warning, .codeShape, at: code, value: code,
        "\(path).code has not the form of a LOINC code (8480-6), or its check digit is wrong")
    case (_, .snomed):
      walk.report(
        .warning, .codeShape, at: code, value: code,
        "\(path).code has not the form of a SNOMED CT concept's identifier (73211009), or its check digit is wrong"
      )
    case (_?, _):
      walk.report(
        .error, .codeUnknown, at: code, value: code,
        "\(path).code does not follow the grammar of its code system \(known.url)")
    case (nil, nil):
      let near = known.closestCode(to: walk.tree.string(at: code)).map { ", perhaps \($0)" } ?? ""
      let count = known.codeCount.map { "one of its \($0) codes" } ?? "one of its codes"
      walk.report(
        .error, .codeUnknown, at: code, value: code,
        "\(path).code does not exist in its code system \(known.url): expected \(count)\(near)")
    }
  }

  /// What the list says of a code that it has: its name, and whether it is still in use.
  private static func checkConcept(
    _ node: Int, _ code: Int, _ known: KnownSystem, _ child: PlanChild, _ walk: inout StructureWalk
  ) {
    guard let concept = walk.withText(code, { known.concept($0) }) else { return }
    if concept.isInactive {
      walk.report(
        .warning, .codeInactive, at: code, value: code,
        "\(walk.path(child)).code is no longer in use in its code system \(known.url)")
    }
    guard let display = walk.tree.child(walk.plan.codedNames.display, of: node),
      !walk.withText(display, { concept.isDisplay($0) }), let expected = concept.display
    else { return }
    walk.report(
      .warning, .codeDisplay, at: display, value: display,
      "\(walk.path(child)).display is not what \(known.url) calls the code: \(expected)")
  }
}
