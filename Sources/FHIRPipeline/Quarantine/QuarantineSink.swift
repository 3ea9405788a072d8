package import FHIRModel

/// Takes what an import sets aside.
package protocol QuarantineSink: Sendable {
  /// - Parameters:
  ///   - source: the input's name.
  ///   - resource: the resource's JSON, or nil when what was read is no JSON; then `raw` is kept as a string.
  ///   - raw: bytes as they were read.
  func add(source: String, position: SourcePosition?, resource: String?, raw: String?, issues: [Issue])
}

extension Quarantine: QuarantineSink {}
