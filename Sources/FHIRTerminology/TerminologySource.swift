package import FHIRDefinitions
package import FHIRModel

/// Where value sets and code systems come from. The trees' names are those of `DefinitionTable.r4`.
package protocol TerminologySource: Sendable {
  /// The ValueSet of a canonical URL, with its version or without; nil if it is not at hand.
  func valueSet(_ canonical: String) -> ResourceTree?
  /// The CodeSystem of a canonical URL, with its version or without; nil if it is not at hand.
  func codeSystem(_ canonical: String) -> ResourceTree?
  /// The CodeSystems that add words to the concepts of another.
  func supplements(of system: String) -> [ResourceTree]
  /// Whether a ValueSet is the core's own: the definition table may then have its codes.
  func isCore(valueSet url: String) -> Bool
}

extension TerminologySource {
  package func supplements(of system: String) -> [ResourceTree] { [] }
}

extension ConformanceStore: TerminologySource {
  package func valueSet(_ canonical: String) -> ResourceTree? {
    resource(.valueSet, canonical: canonical)
  }

  package func codeSystem(_ canonical: String) -> ResourceTree? {
    resource(.codeSystem, canonical: canonical)
  }

  package func isCore(valueSet url: String) -> Bool {
    if labels.isEmpty { return true }
    // A package that brings a value set of the core's URL brings another version of it.
    return resource(.valueSet, canonical: url) === ConformanceStore.core.resource(.valueSet, canonical: url)
      || versions(.valueSet, url: url).count <= 1
        && ConformanceStore.core.versions(.valueSet, url: url).count == 1
  }
}
