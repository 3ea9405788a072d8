import Foundation
import Testing

@testable import FHIRDefinitions
@testable import FHIRFormats
@testable import FHIRModel

/// Snapshots made from the differentials of published guides, compared with the snapshots that the guides bring.
@Suite(.enabled(if: SharedPackages.usCoreIsAtHand)) struct PublishedSnapshotTests {
  /// Where the snapshots differ, and rightly so.
  private static let expected: [String: Set<String>] = [
    // Tools of that time took `valueQuantity`, which need not be there, to rule out every other type; those of today do not.
    "hl7.fhir.us.core#3.1.1": [
      "head-occipital-frontal-circumference-percentile", "pediatric-bmi-for-age",
      "pediatric-weight-for-height",
      "us-core-goal",
      // Its content reference names a slice instead of the element.
      "us-core-provenance",
    ],
    // Stands on a package that is not at hand.
    "hl7.fhir.us.core#6.1.0": ["us-core-questionnaireresponse"],
    // The differential says closed, the snapshot open.
    "hl7.fhir.uv.ips#1.1.0": [
      "Observation-results-laboratory-uv-ips", "Observation-results-pathology-uv-ips",
    ],
    "hl7.fhir.r4.core#4.0.1": [
      // As of US Core 3.1.1.
      "bodyheight", "bodytemp", "bodyweight", "bp", "cholesterol", "hdlcholesterol", "headcircum",
      "heartrate",
      "ldlcholesterol", "oxygensat", "resprate", "triglyceride", "provenance-relevant-history",
      // The one type allowed must be there, and yet its choice need not.
      "bmi", "devicemetricobservation",
      // The extension may stand once, by its own definition.
      "clinicaldocument",
    ],
  ]

  @Test(arguments: [
    ("packages/hl7.fhir.us.core-311", 30), ("packages/hl7.fhir.us.core-610", 59),
    ("packages/hl7.fhir.uv.ips-110", 36), ("definitions/hl7.fhir.r4.core", 441),
  ])
  func `snapshots made from differentials state what the published ones do`(path: String, count: Int) throws {
    let package = try ConformancePackage(path: "\(SharedPackages.folder)/\(path).tgz")
    let store = ConformanceStore(packages: [package])
    var total = 0
    var unequal: Set<String> = []
    for url in package.urls(.structureDefinition) {
      guard let structure = store.structureDefinition(url), !structure.differential.isEmpty,
        structure.isConstraint
      else { continue }
      total += 1
      let name = String(url.split(separator: "/").last ?? "")
      let isExpected = Self.expected[package.label]?.contains(name) == true
      do {
        let made = try SnapshotGenerator.snapshot(of: structure) { store.structureDefinition($0) }
        let differences = Self.differences(made, structure.elements)
        if !differences.isEmpty { unequal.insert(name) }
        #expect(differences.isEmpty || isExpected, "\(name): \(differences.prefix(5))")
      } catch {
        unequal.insert(name)
        #expect(isExpected, "\(error)")
      }
    }
    #expect(total == count && unequal == Self.expected[package.label])
  }

  static func differences(_ made: [ElementDefinition], _ published: [ElementDefinition]) -> [String] {
    var lines: [String] = []
    let a = Dictionary(made.map { ($0.id ?? $0.path, $0) }, uniquingKeysWith: { x, _ in x })
    let b = Dictionary(published.map { ($0.id ?? $0.path, $0) }, uniquingKeysWith: { x, _ in x })
    let parents = Set(made.map { parent($0.id ?? "") })
    for element in published
    where a[element.id ?? ""] == nil && parents.contains(parent(element.id ?? "")) {
      lines.append("- \(element.id ?? "")")
    }
    for element in made where b[element.id ?? ""] == nil { lines.append("+ \(element.id ?? "")") }
    for element in published {
      guard let other = a[element.id ?? ""] else { continue }
      func check(_ what: String, _ x: String, _ y: String) {
        if x != y { lines.append("\(element.id ?? "") \(what): made \(x), published \(y)") }
      }
      check("min", "\(other.min)", "\(element.min)")
      check("max", "\(other.max ?? -1)", "\(element.max ?? -1)")
      if !element.path.hasSuffix(".id") { check("types", text(other.types), text(element.types)) }
      check("slicing", "\(other.slicing.map(text) ?? "-")", "\(element.slicing.map(text) ?? "-")")
      check("fixed", text(other.fixed), text(element.fixed))
      check("pattern", text(other.pattern), text(element.pattern))
      check("minValue", text(other.minValue), text(element.minValue))
      check("maxLength", "\(other.maxLength ?? -1)", "\(element.maxLength ?? -1)")
      check("ref", fragment(other.contentReference), fragment(element.contentReference))
      check("binding", text(other.binding), text(element.binding))
      check("mustSupport", "\(other.mustSupport)", "\(element.mustSupport)")
      // Newer tools take the flags, and the constraints besides, of a type's profile.
      let hasProfile = element.types.contains { !$0.profiles.isEmpty }
      if hasProfile {
        let keys = Set(element.constraints.map(\.key))
        check("constraints", other.constraints.map(\.key).filter { !keys.contains($0) }.joined(), "")
        continue
      }
      check("isModifier", "\(other.isModifier)", "\(element.isModifier)")
      check("isSummary", "\(other.isSummary)", "\(element.isSummary)")
      check(
        "constraints", other.constraints.map(\.key).sorted().joined(separator: " "),
        element.constraints.map(\.key).sorted().joined(separator: " "))
    }
    let common = published.filter { a[$0.id ?? ""] != nil }
    if lines.isEmpty, made.map(\.id) != common.map(\.id) { lines.append("order") }
    return lines
  }

  static func fragment(_ reference: String?) -> String {
    reference.map { String($0.drop { $0 != "#" }) } ?? ""
  }

  static func parent(_ id: String) -> String { String(id[..<(id.lastIndex(of: ".") ?? id.startIndex)]) }

  static func text(_ types: [ElementDefinition.TypeReference]) -> String {
    types.map { "\($0.fhirType ?? $0.code)\($0.profiles)\($0.targetProfiles)\($0.aggregation)" }
      .joined(separator: " ")
  }

  static func text(_ slicing: ElementDefinition.Slicing) -> String {
    slicing.discriminators.map { "\($0.kind):\($0.path)" }.joined(separator: ",")
      + " \(slicing.isOrdered) \(slicing.rules)"
  }

  static func text(_ value: ElementValue?) -> String {
    guard let value else { return "-" }
    let buffer = OutputBuffer()
    JSONWriter(to: buffer).write(value.tree, at: value.node)
    return value.type + " " + String(decoding: buffer.array, as: UTF8.self)
  }

  static func text(_ binding: ElementDefinition.ElementBinding?) -> String {
    binding.map { "\($0.strength) \($0.valueSet) \($0.maxValueSet ?? "")" } ?? "-"
  }

  private func text(_ types: [ElementDefinition.TypeReference]) -> String { Self.text(types) }
}
