internal import FHIRModel

/// The conformance resources of a package, found by kind and URL; none is read before it is asked for.
package struct ConformancePackage: Sendable {
  /// `hl7.fhir.us.core#3.1.1`.
  package let label: String

  func find(_ kind: ConformanceKind, _ url: String) -> [ConformanceStore.Found] { [] }

  func urls(_ kind: ConformanceKind) -> [String] { [] }
}
