/// How a source writes resources.
package enum Format: String, Hashable, Sendable, CaseIterable {
  /// One JSON document: a resource or a Bundle.
  case json
  /// A JSON document a line.
  case ndjson
  case xml
}
