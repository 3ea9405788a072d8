package import FHIRModel

/// Takes what an import sets aside.
package protocol QuarantineSink: Sendable {
  /// - Parameters:
  ///   - source: the input's name.
  ///   - text: what was read; nil where nothing of it is there.
  func add(source: String, position: SourcePosition?, text: QuarantinedText?, issues: [Issue])
}

extension Quarantine: QuarantineSink {}
