import FHIRModel
import FHIRTerminology

/// Judges CodeSystems and ValueSets as definitions: whether the codes that they name are there.
///
/// See https://hl7.org/fhir/R4/codesystem.html#supplements and https://hl7.org/fhir/R4/valueset.html#compositions
enum TerminologyCheck {
  static func findings(codeSystem: ResourceElement, _ terminology: Terminology) -> [ResourceFinding] {
    var findings: [ResourceFinding] = []
    let concepts = concepts(below: codeSystem)
    if codeSystem.text("content") == "complete",
      let count = codeSystem.text("count").flatMap({ Int($0) }), count != concepts.count
    {
      findings.append(
        ResourceFinding(
          .warning, .designCode, at: codeSystem.node, position: codeSystem.child("count")?.node,
          "the code system is complete with \(concepts.count) concepts, and says that it has \(count)"))
    }
    findings += properties(of: concepts, in: codeSystem)
    if codeSystem.text("content") == "supplement", let supplemented = codeSystem.text("supplements") {
      let system = terminology.system(String(supplemented.prefix { $0 != "|" }))
      for concept in concepts {
        guard var code = concept.text("code"), code.withUTF8({ system.membership(of: $0) }) == .no else {
          continue
        }
        findings.append(
          ResourceFinding(
            .error, .designCode, at: concept.node, position: concept.child("code")?.node,
            "the code is none of \(supplemented), which a supplement adds to and does not extend"))
      }
    }
    return findings
  }

  /// Values of concepts' properties that are of another type than the code system says.
  ///
  /// See https://hl7.org/fhir/R4/codesystem-definitions.html#CodeSystem.concept.property.value_x_
  private static func properties(
    of concepts: [ResourceElement], in codeSystem: ResourceElement
  ) -> [ResourceFinding] {
    var types: [String: String] = [:]
    for property in codeSystem.children("property") {
      guard let code = property.text("code"), let type = property.text("type") else { continue }
      types[code] = type
    }
    guard !types.isEmpty else { return [] }
    var findings: [ResourceFinding] = []
    for concept in concepts {
      for property in concept.children("property") {
        guard let code = property.text("code"), let expected = types[code],
          let value = property.choice("value"), value.type.lowercased() != expected.lowercased()
        else { continue }
        findings.append(
          ResourceFinding(
            .error, .designCode, at: property.node, position: value.element.node,
            "the code system says that values of this property are of type \(expected), and this is value\(value.type)"
          ))
      }
    }
    return findings
  }

  /// All concepts of a code system, in the order of the source.
  private static func concepts(below parent: ResourceElement) -> [ResourceElement] {
    parent.children("concept").flatMap { [$0] + concepts(below: $0) }
  }

  static func findings(valueSet: ResourceElement, _ terminology: Terminology) -> [ResourceFinding] {
    guard let compose = valueSet.child("compose") else { return [] }
    var findings: [ResourceFinding] = []
    for part in compose.children("include") + compose.children("exclude") {
      guard let url = part.text("system") else { continue }
      let system = terminology.system(url)
      if system.isValueSet {
        findings.append(
          ResourceFinding(
            .error, .codeSystem, at: part.node, position: part.child("system")?.node,
            "system names a value set: codes of value sets are selected by valueSet"))
      }
      // Of another version than the one at hand nobody knows.
      if let version = part.text("version"), version != system.version { continue }
      for concept in part.children("concept") {
        guard var code = concept.text("code"), code.withUTF8({ system.membership(of: $0) }) == .no else {
          continue
        }
        findings.append(
          ResourceFinding(
            .warning, .designCode, at: concept.node, position: concept.child("code")?.node,
            "the value set selects a code that its code system \(url) does not have"))
      }
    }
    return findings
  }
}
