import FHIRModel

/// Whole lines of NDJSON that wait to be parsed.
struct JSONLines: Sendable {
  let byteCount: Int

  func forEach(_ body: (Record) throws -> Void) rethrows {}
}
