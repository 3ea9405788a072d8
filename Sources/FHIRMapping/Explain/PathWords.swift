import FHIRModel
import FHIRPath

/// A path in words, from its end to its beginning: `value of every telecom whose system is 'phone'`.
extension InvertiblePath {
  /// - Parameter isList: whether all elements at its end are meant, or the first.
  func words(isList: Bool, table: DefinitionTable = .r4) -> String {
    let segments = segments
    guard !segments.isEmpty else { return "the \(table.name(of: root)) itself" }
    // A repeated element of which there can be but one to choose from is "the first", else "every".
    let parts = segments.reversed().map { $0.words(isList: isList) }
    return parts.joined(separator: " of ")
  }
}

extension InvertiblePath.Segment {
  fileprivate func words(isList: Bool) -> String {
    if child.name == "extension", conditions.count == 1, let condition = conditions.first,
      condition.path.map(\.name) == ["url"], case .string(let url) = condition.value
    {
      return "the extension \(url)"
    }
    let which: String =
      switch index {
      case 0?: "the first "
      case let number?: "number \(number + 1) of "
      case nil: child.repeats ? (isList ? "every " : "the first ") : ""
      }
    let terms = conditions.map(\.words)
    return which + child.name + (terms.isEmpty ? "" : " whose " + terms.joined(separator: " and "))
  }
}

extension InvertiblePath.Condition {
  /// `system is 'phone'`
  var words: String {
    let name = path.map(\.name).joined(separator: ".")
    switch value {
    case .string(let text): return "\(name) is '\(text)'"
    case .boolean(let value): return "\(name) is \(value)"
    case .integer(let value): return "\(name) is \(value)"
    }
  }
}

extension InvertiblePath {
  /// The elements that the path names, without what chooses among them: `["Patient", "telecom", "value"]`.
  func elementNames(table: DefinitionTable = .r4) -> [String] {
    [table.name(of: root)] + segments.map(\.child.name)
  }
}
