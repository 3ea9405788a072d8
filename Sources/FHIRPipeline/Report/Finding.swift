import FHIRFormats
package import FHIRModel

/// A finding with where it belongs: its input, and the type of the resource that it is about.
package struct Finding: Sendable {
  package var issue: Issue
  /// Index of the input among those of the run.
  package var input: Int
  /// The type of the resource, or of a Bundle's entry; empty where none could be read.
  package var resourceType: String
  package var standing = Standing.new

  /// Whether a finding counts.
  package enum Standing: Hashable, Sendable {
    case new
    /// The baseline has it.
    case known
    /// A suppression covers it, for the reason given.
    case suppressed(reason: String)
  }

  package init(_ issue: Issue, input: Int, resourceType: String = "") {
    self.issue = issue
    self.input = input
    self.resourceType = resourceType
  }

  /// Where any resource of the type has it: `Patient.name.given`, whichever name, given name, or entry of a Bundle.
  package var genericPath: String {
    let path = Finding.withoutIndices(issue.expression)
    let entry = "Bundle.entry.resource"
    guard !resourceType.isEmpty, resourceType != "Bundle", path.hasPrefix(entry) else { return path }
    let rest = path.dropFirst(entry.count)
    return rest.isEmpty || rest.hasPrefix(".") ? resourceType + rest : path
  }

  /// `Patient.name[0].given[1]` as `Patient.name.given`.
  package static func withoutIndices(_ expression: String) -> String {
    guard expression.utf8.contains(UInt8(ascii: "[")) else { return expression }
    var path: [UInt8] = []
    path.reserveCapacity(expression.utf8.count)
    var bytes = Array(expression.utf8)[...]
    while let byte = bytes.popFirst() {
      if byte == UInt8(ascii: "["), let close = bytes.firstIndex(of: UInt8(ascii: "]")),
        bytes[..<close].allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
      {
        bytes = bytes[(close + 1)...]
      } else {
        path.append(byte)
      }
    }
    return String(decoding: path, as: UTF8.self)
  }
}

extension Record {
  /// The type of the resource that the record's findings are about; empty where it has none.
  var subjectType: String {
    guard content != .unreadable, tree.count > 0 else { return "" }
    if tree.nodes[0].flags.kind == .resource { return String(decoding: tree.rawText(0), as: UTF8.self) }
    for child in tree.children(of: 0) where tree.nodes[child].flags.kind == .resource {
      return String(decoding: tree.rawText(child), as: UTF8.self)
    }
    return ""
  }
}
