import FHIRFormats
import FHIRModel
import FHIRPath

/// Writes what an expression gave, as text for people or as JSON.
struct ExpressionOutput {
  private(set) var tally = ExpressionRun.Tally()
  private let format: ExpressionRun.Format
  private let expression: String
  private let write: (String) -> Void
  private var isFirst = true

  init(format: ExpressionRun.Format, expression: String, write: @escaping (String) -> Void) {
    self.format = format
    self.expression = expression
    self.write = write
  }

  func begin() { if format == .json { write("[") } }
  func end() { if format == .json { write(isFirst ? "]\n" : "\n]\n") } }

  mutating func add(_ outcome: ExpressionEvaluation.Outcome, source: String?) {
    if outcome.tree != nil { tally.resources += 1 }
    tally.results += outcome.results.count
    if outcome.error != nil { tally.failures += 1 }
    switch format {
    case .text: addText(outcome, source: source)
    case .json: addJSON(outcome, source: source)
    }
  }

  mutating func addUnreadable(_ record: Record, source: String) {
    tally.unreadable += 1
    let message = record.issues.first?.message ?? "cannot be read"
    switch format {
    case .text:
      let place = record.issues.first.map { FindingText.place($0, source: source) } ?? source
      write("\(place): error: \(FindingText.printable(message))\n")
    case .json: addObject([("source", JSONText.quoted(source)), ("error", JSONText.quoted(message))])
    }
  }

  // MARK: Text

  private func addText(_ outcome: ExpressionEvaluation.Outcome, source: String?) {
    guard !outcome.results.isEmpty || outcome.error != nil else { return }
    if let source { write("\(source): \(FindingText.printable(outcome.resource))\n") }
    if let error = outcome.error {
      write("  error: \(error.message)\n")
      for line in ExpressionRun.frame(error, in: expression).split(separator: "\n") { write("  \(line)\n") }
    }
    for result in outcome.results {
      var text = result.text ?? result.element.map { json($0) } ?? ""
      if case .type(let namespace, let name) = result.item { text = namespace + "." + name }
      write("  \(result.type)  \(FindingText.printable(text))\n")
    }
  }

  private func json(_ element: TreeNode) -> String {
    let buffer = OutputBuffer()
    JSONWriter(to: buffer).write(element.tree, at: element.node)
    return buffer.withBytes { String(decoding: $0, as: UTF8.self) }
  }

  // MARK: JSON

  private mutating func addJSON(_ outcome: ExpressionEvaluation.Outcome, source: String?) {
    var members: [(String, String)] = []
    if let source {
      members.append(("source", JSONText.quoted(source)))
      members.append(("resource", JSONText.quoted(outcome.resource)))
    }
    if let error = outcome.error {
      let parts = [
        ("code", JSONText.quoted(error.code.rawValue)), ("message", JSONText.quoted(error.message)),
        ("column", String(error.column)),
      ]
      members.append(("error", JSONText.object(parts)))
    }
    members.append(("results", JSONText.array(outcome.results.map { object($0) })))
    addObject(members)
  }

  private mutating func addObject(_ members: [(String, String)]) {
    write((isFirst ? "\n" : ",\n") + "  " + JSONText.object(members))
    isFirst = false
  }

  private func object(_ result: ExpressionEvaluation.Result) -> String {
    var members = [("type", JSONText.quoted(result.type)), ("value", value(result))]
    if let element = result.element {
      let path = element.tree.expression(of: element.node, table: .r4)
      members.append(("expression", JSONText.quoted(path)))
      if let position = element.tree.position(of: element.node) {
        members.append(("line", String(position.line)))
        members.append(("column", String(position.column)))
      }
    }
    return JSONText.object(members)
  }

  private func value(_ result: ExpressionEvaluation.Result) -> String {
    switch result.item {
    case .boolean, .integer, .decimal: return result.text ?? "null"
    case .type(let namespace, let name):
      return JSONText.object([("namespace", JSONText.quoted(namespace)), ("name", JSONText.quoted(name))])
    case .node:
      // An element is shown as it stands in the resource: a decimal digit by digit, a Quantity with its members.
      return result.element.map { json($0) } ?? "null"
    default: return result.text.map { JSONText.quoted($0) } ?? "null"
    }
  }
}
