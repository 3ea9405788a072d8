import Foundation

/// How much property tests try: `FHIRLINE_RUNS=20` tries twenty times as much.
package enum Runs {
  package static let factor = max(
    1, ProcessInfo.processInfo.environment["FHIRLINE_RUNS"].flatMap { Int($0) } ?? 1)

  package static func count(_ count: Int) -> Int { count * factor }
  package static func seeds(_ count: Int) -> ClosedRange<Int> { 1...self.count(count) }
}
