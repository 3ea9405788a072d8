import FHIRDefinitions

/// Definitions that were wanted and could not be read or completed: they counted as unknown, and people should know why.
extension ValidateRun {
  package var definitionTroubles: [String] { troubles(of: definitions) }
}

extension ImportRun {
  package var definitionTroubles: [String] { troubles(of: definitions) }
}

private func troubles(of definitions: ConformanceStore) -> [String] {
  definitions.problems.map { "warning: " + $0.description }
}
