/// The resources that say what data must be, as far as a store keeps them.
///
/// See http://hl7.org/fhir/R4/resourcelist.html, "Conformance" and "Terminology"
package enum ConformanceKind: UInt32, Hashable, Sendable, CaseIterable {
  case structureDefinition = 0
  case valueSet = 1
  case codeSystem = 2
  case conceptMap = 3
  case namingSystem = 4
  case searchParameter = 5
  // Of packages only: the core has none.
  case questionnaire = 6
  case measure = 7
  case operationDefinition = 8

  /// `StructureDefinition`, …
  package var resourceType: String {
    switch self {
    case .structureDefinition: "StructureDefinition"
    case .valueSet: "ValueSet"
    case .codeSystem: "CodeSystem"
    case .conceptMap: "ConceptMap"
    case .namingSystem: "NamingSystem"
    case .searchParameter: "SearchParameter"
    case .questionnaire: "Questionnaire"
    case .measure: "Measure"
    case .operationDefinition: "OperationDefinition"
    }
  }

  package init?(resourceType: String) {
    guard let kind = Self.allCases.first(where: { $0.resourceType == resourceType }) else { return nil }
    self = kind
  }
}

/// A canonical reference: `url`, `url|version`, either perhaps with a `#fragment`, which is no part of the resource's name.
///
/// See http://hl7.org/fhir/R4/references.html#canonical
package struct Canonical: Hashable, Sendable {
  package let url: String
  package let version: String?

  package init(_ text: String) {
    let whole = text.utf8.prefix { $0 != UInt8(ascii: "#") }
    if let bar = whole.lastIndex(of: UInt8(ascii: "|")) {
      url = String(whole[..<bar]) ?? text
      let version = String(whole[whole.index(after: bar)...]) ?? ""
      self.version = version.isEmpty ? nil : version
    } else {
      url = String(whole) ?? text
      version = nil
    }
  }
}
