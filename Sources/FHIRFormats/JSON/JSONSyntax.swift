package import FHIRModel

/// Checks that bytes are one JSON value of any kind, with the scanner that reads resources.
package enum JSONSyntax {
  /// What is wrong with a JSON text; empty if it is well formed.
  ///
  /// Lone surrogates and repeated names, which RFC 8259 leaves open, are reported as errors, the rest as fatal.
  package static func check(_ text: [UInt8], table: DefinitionTable = .r4, maximumDepth: Int = 256) -> [Issue]
  {
    let chunk = SourceChunk(text)
    var scanner = JSONScanner(names: .of(table), maximumDepth: maximumDepth)
    let outcome = scanner.scan(chunk.bytes, from: 0, to: chunk.count)
    if case .value(let end) = outcome, JSONSkip.blanks(chunk.bytes, from: end) == chunk.count {
      return scanner.issues(of: scanner.tree(over: chunk), in: chunk)
    }
    return scanner.unreadable(
      outcome, expression: "", chunk: chunk, range: 0..<chunk.count,
      incomplete: "the text ends within the value"
    ).issues
  }
}
