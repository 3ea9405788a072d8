import CDefinitions
import FHIRModel

/// An issue and the node it belongs to, by which findings are put in order.
struct Finding {
  let node: Int
  let issue: Issue
}

extension StructureWalk {
  /// Notes a finding at a node.
  ///
  /// - Parameters:
  ///   - at: the node whose FHIRPath the finding bears.
  ///   - position: the node at which it stands in the source, if another one.
  ///   - place: the exact place inside that node's text, if it is known.
  ///   - whole: whether the finding is about the element as a whole, not about one of its items.
  ///   - value: the node whose value may be shown if the user asked for values.
  mutating func report(
    _ severity: Issue.Severity, _ rule: Rule, at node: Int, position: Int? = nil,
    place: SourcePosition? = nil, whole: Bool = false, value: Int? = nil, _ message: String
  ) {
    guard findings.count < options.maxIssues else {
      overflowed = true
      return
    }
    var message = message
    if options.showValues, let value { message += " (found: \(excerpt(of: value)))" }
    let spot = position ?? node
    let issue = Issue(
      severity, rule, at: tree.expression(of: node, whole: whole, table: plan.table),
      position: place ?? tree.position(of: spot), message)
    findings.append(Finding(node: spot, issue: issue))
  }

  /// Hands the findings over, in the order of the nodes.
  consuming func finish(into issues: inout [Issue]) {
    if findings.isEmpty { return }
    if findings.count > 1 {
      // The sort is not stable by itself: the findings' own order settles ties.
      let order = findings.indices.sorted { (findings[$0].node, $0) < (findings[$1].node, $1) }
      issues.append(contentsOf: order.lazy.map { [findings] in findings[$0].issue })
    } else {
      issues.append(findings[0].issue)
    }
    if overflowed {
      issues.append(
        Issue(
          .error, .tooManyIssues, at: tree.expression(of: 0, table: plan.table),
          position: tree.position(of: 0),
          "more than \(options.maxIssues) findings; the rest of this resource's is left out"))
    }
  }

  /// The path of an element in its definition, for messages: `Patient.contact.name`, `Observation.value[x]`.
  func path(_ child: PlanChild) -> String { path(element: Int(child.element)) }

  func path(element: Int) -> String {
    let path = plan.table.string(plan.table.elements[element].path)
    let isChoice = plan.table.elements[element].flags & UInt16(ELEMENT_CHOICE) != 0
    return isChoice && !path.hasSuffix("[x]") ? path + "[x]" : path
  }

  /// The name of an element as its source wrote it.
  func name(_ node: Int) -> String { tree.nameString(of: node, table: plan.table) }

  func typeName(_ child: PlanChild) -> String { plan.table.name(of: TypeID(rawValue: child.type)) }

  /// The text of a node's value with escapes replaced, lent to `body`.
  @inline(__always)
  func withText<Result>(_ node: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let raw = tree.rawText(node)
    guard nodes[node].flags.contains(.escaped) else { return body(raw) }
    let decoded = TextBuffer(capacity: raw.count)
    _ = JSONEscapes.decode(raw, into: decoded)
    return withExtendedLifetime(decoded) { body(UnsafeBufferPointer(start: $0.bytes, count: $0.count)) }
  }

  /// Where a byte of a node's text stands in the source.
  ///
  /// - Parameter offset: into the text with escapes replaced.
  func place(of offset: Int, in node: Int) -> SourcePosition? {
    switch tree.origin {
    case .none: return nil
    case .lines:
      let text = tree.rawText(node)
      return tree.position(of: node)?.advanced(
        over: UnsafeBufferPointer(rebasing: text[..<min(offset, text.count)]))
    case .chunk(let chunk):
      let start = Int(nodes[node].textStart)
      return chunk.position(at: start + JSONEscapes.rawOffset(of: offset, in: tree.rawText(node)))
    }
  }

  private func excerpt(of node: Int) -> String {
    let limit = 80
    let text = withText(node) { String(decoding: $0.prefix(limit * 4 + 4), as: UTF8.self) }
    return text.count > limit ? "\(text.prefix(limit))…" : text
  }
}
