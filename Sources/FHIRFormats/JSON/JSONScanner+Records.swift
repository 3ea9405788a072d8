import FHIRModel

extension JSONScanner {
  /// What a scan found, as issues of its tree.
  func issues(of tree: ResourceTree, in chunk: SourceChunk) -> [Issue] {
    findings.map { finding in
      // A repeated name is reported where it stands; its element may be an array's first item, which stands behind.
      let element =
        finding.rule == .jsonDuplicateKey
        ? tree.element(after: finding.offset) : tree.element(before: finding.offset)
      return Issue(
        finding.severity, finding.rule, at: tree.expression(of: element, table: names.table),
        position: chunk.position(at: finding.offset), finding.message)
    }
  }

  /// The record of a value that was read whole.
  mutating func record(
    _ content: Record.Content, expression: String, chunk: SourceChunk, range: Range<Int>
  ) -> Record {
    let tree = tree(over: chunk)
    tree.rootExpression = expression
    var issues = findings.isEmpty ? [] : issues(of: tree, in: chunk)
    var isUsable = !isUnusable
    // An entry that is no object is a matter of the Bundle's content; a resource that is none is no FHIR.
    if case .resource = content, let article = JSONScanner.article(of: tree.nodes[0].flags.kind) {
      var message = "a FHIR resource is a JSON object; this is \(article)"
      if tree.nodes[0].flags.kind == .array { message += ": write its items a line each, as NDJSON" }
      issues.append(
        Issue(.fatal, .notFHIR, at: expression, position: chunk.position(at: range.lowerBound), message))
      isUsable = false
    }
    return Record(
      isUsable ? content : .unreadable, tree: tree, issues: issues, raw: RawSlice(chunk: chunk, range: range))
  }

  /// The record of a value that could not be read, or is not all that stands there.
  ///
  /// - Parameter incomplete: what is wrong where the bytes end within the value.
  mutating func unreadable(
    _ outcome: Outcome, expression: String, chunk: SourceChunk, range: Range<Int>, incomplete: String
  ) -> Record {
    let open = openNode
    let tree = tree(over: chunk)
    if tree.count == 0 {
      let start = UInt32(truncatingIfNeeded: range.lowerBound)
      tree.close(tree.append(Node(name: .root, flags: [], position: start)))
    }
    tree.rootExpression = expression
    var issues = findings.isEmpty ? [] : issues(of: tree, in: chunk)
    let element = tree.expression(of: min(open, tree.count - 1), table: names.table)
    let last =
      switch outcome {
      case .malformed(let finding): finding
      case .incomplete(let offset):
        Finding(severity: .fatal, rule: .jsonSyntax, offset: offset, message: incomplete)
      case .value(let end):
        Finding(
          severity: .fatal, rule: .jsonSyntax, offset: end,
          message: JSONSyntaxFault.behindValue(at: UnsafePointer(chunk.bytes + end)))
      }
    issues.append(
      Issue(last.severity, last.rule, at: element, position: chunk.position(at: last.offset), last.message))
    return Record(.unreadable, tree: tree, issues: issues, raw: RawSlice(chunk: chunk, range: range))
  }

  private static func article(of kind: ValueKind) -> String? {
    switch kind {
    case .none, .resource: nil
    case .array, .emptyArray: "an array"
    case .string, .text: "a string"
    case .number: "a number"
    case .boolean: "a boolean"
    case .null: "null"
    }
  }
}

extension Record {
  /// A record of the beginning of what is too large to be read: its chunk need not stay for that.
  static func beginning(
    of chunk: SourceChunk, from start: Int, expression: String, _ message: String
  ) -> Record {
    let beginning = RawSlice(
      beginning: UnsafeBufferPointer(rebasing: chunk.buffer[start...]), at: chunk.position(at: start))
    return .unreadable(.limitSize, message, beginning, expression: expression)
  }

  /// A record that stands for a stretch of a source of which nothing could be read.
  static func unreadable(
    _ rule: Rule, _ message: String, _ raw: RawSlice, expression: String = ""
  ) -> Record {
    let start = raw.range.lowerBound
    let tree = ResourceTree(chunk: raw.chunk, capacity: 1)
    tree.close(tree.append(Node(name: .root, flags: [], position: UInt32(truncatingIfNeeded: start))))
    tree.rootExpression = expression
    let issue = Issue(.fatal, rule, at: expression, position: raw.chunk.position(at: start), message)
    return Record(.unreadable, tree: tree, issues: [issue], raw: raw)
  }
}

extension ResourceTree {
  /// The last element that begins at or before a byte of the chunk.
  func element(before offset: Int) -> Int {
    var best = 0
    for node in 0..<count where Int(nodes[node].position) <= offset {
      if nodes[node].position >= nodes[best].position { best = node }
    }
    return best
  }

  /// The first element that begins at or behind a byte of the chunk.
  func element(after offset: Int) -> Int {
    (0..<count).filter { Int(nodes[$0].position) >= offset }.min { nodes[$0].position < nodes[$1].position }
      ?? 0
  }
}
