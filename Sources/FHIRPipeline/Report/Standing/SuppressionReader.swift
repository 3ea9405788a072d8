import struct FHIRModel.CalendarDay
import Foundation
import Yams

/// Reads a file of suppressions; every mistake in it is told with its line.
///
///     suppressions:
///       - rule: binding-required
///         path: Patient.gender            # any path if left out; * and ** stand for names
///         source: legacy/*.json           # any input if left out
///         reason: The old system knows four codes of its own. Ticket 4711.
///         expires: 2026-12-31             # the last day on which it holds
package enum SuppressionReader {
  package static func read(path: String) throws -> [Suppression] {
    try parse(try TextFile.read(path, .configuration), file: path)
  }

  package static func parse(_ text: String, file: String) throws -> [Suppression] {
    let root: Yams.Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw PipelineFailure(.configuration, ConfigurationReader.syntaxMessage(error, file: file))
    }
    guard let root, root != Yams.Node("") else { return [] }
    guard let mapping = root.mapping, mapping.count == 1, let list = mapping["suppressions"]?.sequence else {
      throw mistake(root, file, "a list under the one key suppressions was expected here")
    }
    return try list.map { try suppression($0, file) }
  }

  private static let keys = ["rule", "path", "source", "reason", "expires"]

  private static func suppression(_ node: Yams.Node, _ file: String) throws -> Suppression {
    guard let mapping = node.mapping else {
      throw mistake(node, file, "a suppression with rule and reason was expected here")
    }
    var values: [String: String] = [:]
    for (key, value) in mapping {
      guard let name = key.string, keys.contains(name) else {
        throw mistake(
          key, file,
          "there is no key `\(key.string ?? "?")` here; expected one of: "
            + keys.joined(separator: ", "))
      }
      guard let text = value.scalar?.string, !text.isEmpty else {
        throw mistake(value, file, "\(name): a text was expected")
      }
      if name == "expires", !isDate(text) {
        throw mistake(value, file, "expires: a date was expected, such as 2026-12-31")
      }
      values[name] = text
    }
    for name in ["rule", "reason"] where values[name] == nil {
      let why = name == "reason" ? ": say why its findings do not count" : ""
      throw mistake(node, file, "the key \(name) is missing here\(why)")
    }
    return Suppression(
      rule: values["rule"] ?? "", path: values["path"], source: values["source"],
      reason: values["reason"] ?? "", expires: values["expires"], line: node.mark?.line ?? 1)
  }

  /// Whether a text is a date of the calendar.
  private static func isDate(_ text: String) -> Bool {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard text.utf8.count == 10, parts.count == 3 else { return false }
    return CalendarDay(year: parts[0], month: parts[1], day: parts[2]) != nil
  }

  private static func mistake(_ node: Yams.Node, _ file: String, _ words: String) -> PipelineFailure {
    let place = node.mark.map { ":\($0.line):\($0.column)" } ?? ""
    return PipelineFailure(.configuration, "\(file)\(place): \(words)")
  }
}
