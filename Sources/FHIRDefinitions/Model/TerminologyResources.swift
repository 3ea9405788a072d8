/// A code of a code system. `system` is empty where an expansion names none.
package struct SystemCode: Hashable, Sendable {
  package var system: String
  package var code: String

  package init(system: String, code: String) {
    self.system = system
    self.code = code
  }
}

/// The facts of a ValueSet: how it is composed, and the codes of its expansion.
///
/// See http://hl7.org/fhir/R4/valueset.html
package struct ValueSet: Hashable, Sendable {
  package var url: String
  package var version: String
  package var include: [Selection] = []
  package var exclude: [Selection] = []
  package var expansion: Expansion?

  /// An `include` or `exclude`: what stands in all that it names.
  package struct Selection: Hashable, Sendable {
    package var system: String?
    /// Listed codes; empty is the whole system.
    package var codes: [String] = []
    package var filters: [Filter] = []
    package var valueSets: [String] = []
  }

  package struct Filter: Hashable, Sendable {
    package var property: String
    package var operation: String
    package var value: String
  }

  package struct Expansion: Hashable, Sendable {
    package var codes: [SystemCode]
    /// False where the server gave up (too costly, unclosed, fewer than `total`): other codes may belong as well.
    package var isComplete: Bool
  }
}

/// The facts of a CodeSystem: its codes, and which stand below which.
///
/// See http://hl7.org/fhir/R4/codesystem.html
package struct CodeSystem: Hashable, Sendable {
  package var url: String
  package var version: String
  /// Whether the resource lists all of the system's codes.
  package var isComplete: Bool
  /// Every code, parents before their children.
  package var concepts: [Concept]

  package struct Concept: Hashable, Sendable {
    package var code: String
    /// Indexes of the concepts directly above, within ``CodeSystem/concepts``.
    package var parents: [Int]
  }

  /// The codes below one, itself left out; nil if the system has no such code.
  package func descendants(of code: String) -> [String]? {
    guard let root = concepts.firstIndex(where: { $0.code == code }) else { return nil }
    var below: Set<Int> = [root]
    var grew = true
    // A parent named by property may stand behind its child: repeat until nothing is added.
    while grew {
      grew = false
      for (i, concept) in concepts.enumerated()
      where !below.contains(i) && concept.parents.contains(where: below.contains) {
        below.insert(i)
        grew = true
      }
    }
    return concepts.indices.filter { $0 != root && below.contains($0) }.map { concepts[$0].code }
  }
}
