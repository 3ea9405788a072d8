/// What is known of a value set's codes without a terminology server.
package enum CodeList: Hashable, Sendable {
  case unknown
  case listed([SystemCode])
  case language
  case mime
  case ucum
}

/// Finds the codes of value sets: in an expansion at hand, else by composing them from code systems at hand.
///
/// See http://hl7.org/fhir/R4/valueset.html#compositions
package struct ValueSetExpansion {
  /// Systems without a list, whose codes follow a grammar.
  ///
  /// See http://hl7.org/fhir/R4/terminologies-systems.html
  private static let grammars: [String: CodeList] = [
    "urn:ietf:bcp:47": .language,
    "urn:ietf:bcp:13": .mime,
    "http://unitsofmeasure.org": .ucum,
  ]

  /// Value sets that R4 names by the address of another standard.
  private static let foreign: [String: CodeList] = ["http://www.rfc-editor.org/bcp/bcp13.txt": .mime]

  private let valueSets: [String: [ValueSet]]
  private let codeSystems: [String: CodeSystem]

  package init(valueSets: [ValueSet], codeSystems: [CodeSystem]) {
    self.valueSets = Dictionary(grouping: valueSets, by: \.url)
    self.codeSystems = Dictionary(codeSystems.map { ($0.url, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The same without regard to expansions.
  init(composing package: DefinitionPackage) {
    let valueSets = package.valueSets.map { set in
      var set = set
      set.expansion = nil
      return set
    }
    self.init(valueSets: valueSets, codeSystems: package.codeSystems)
  }

  /// Whether the codes of a value set follow from the code systems at hand.
  func composes(_ canonical: String) -> Bool { codes(of: canonical) != .unknown }

  /// The version of a value set at hand, or nil.
  package func version(of canonical: String) -> String? { valueSets[url(of: canonical)]?.first?.version }

  package func codes(of canonical: String) -> CodeList { codes(of: url(of: canonical), within: []) }

  private func url(of canonical: String) -> String {
    String(canonical.prefix { $0 != "|" })
  }

  /// `outer` are the value sets that are being composed: one that contains itself has no known codes.
  private func codes(of url: String, within outer: Set<String>) -> CodeList {
    if let known = Self.foreign[url] { return known }
    guard !outer.contains(url), let sets = valueSets[url] else { return .unknown }
    if let set = sets.first(where: { !$0.include.isEmpty }), let grammar = grammar(of: set) { return grammar }
    for set in sets {
      if let expansion = set.expansion, expansion.isComplete { return .listed(unique(expansion.codes)) }
    }
    for set in sets where !set.include.isEmpty {
      let composed = compose(set, within: outer.union([url]))
      if composed != .unknown { return composed }
    }
    return .unknown
  }

  /// A value set that is one whole grammar. One filtered by a unit's dimension is its superset: all its codes are units.
  private func grammar(of set: ValueSet) -> CodeList? {
    guard set.include.count == 1, set.exclude.isEmpty, let part = set.include.first, let system = part.system,
      part.codes.isEmpty, part.valueSets.isEmpty,
      let grammar = Self.grammars[system], part.filters.isEmpty || grammar == .ucum
    else { return nil }
    return grammar
  }

  private func compose(_ set: ValueSet, within outer: Set<String>) -> CodeList {
    var included: [SystemCode] = []
    for part in set.include {
      guard let codes = select(part, within: outer) else { return .unknown }
      included += codes
    }
    var excluded: Set<SystemCode> = []
    for part in set.exclude {
      guard let codes = select(part, within: outer) else { return .unknown }
      excluded.formUnion(codes)
    }
    return .listed(unique(included.filter { !excluded.contains($0) }))
  }

  /// The codes that stand in the system's selection and in each of the value sets named beside it.
  private func select(_ part: ValueSet.Selection, within outer: Set<String>) -> [SystemCode]? {
    var codes: [SystemCode]?
    if let system = part.system {
      guard let own = select(part, from: system) else { return nil }
      codes = own.map { SystemCode(system: system, code: $0) }
    }
    for canonical in part.valueSets {
      guard case .listed(let other) = self.codes(of: url(of: canonical), within: outer) else { return nil }
      if let known = codes {
        let others = Set(other)
        codes = known.filter(others.contains)
      } else {
        codes = other
      }
    }
    return codes
  }

  private func select(_ part: ValueSet.Selection, from url: String) -> [String]? {
    if !part.codes.isEmpty { return part.codes }
    guard let system = codeSystems[self.url(of: url)], system.isComplete else { return nil }
    var codes = system.concepts.map(\.code)
    for filter in part.filters {
      guard filter.property == "concept", var below = system.descendants(of: filter.value) else { return nil }
      switch filter.operation {
      case "is-a": below.append(filter.value)
      case "descendent-of": break
      default: return nil
      }
      let kept = Set(below)
      codes = codes.filter(kept.contains)
    }
    return codes
  }

  private func unique(_ codes: [SystemCode]) -> [SystemCode] {
    var seen: Set<SystemCode> = []
    return codes.filter { seen.insert($0).inserted }
  }
}
