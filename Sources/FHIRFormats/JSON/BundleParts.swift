import FHIRModel

/// The records that a Bundle's tree falls into: one for each entry, and one for its other members.
///
/// For Bundles that are in memory as a whole; ``JSONDocument`` reads those that need not be.
struct BundleParts {
  private let bundle: Record
  private let entryName: NameID?

  init(of bundle: Record, names: NameIndex) {
    self.bundle = bundle
    entryName = names.entry
  }

  /// Hands the records over one by one: all of them would be the Bundle a second time.
  func forEach(_ body: (Record) throws -> Void) rethrows {
    guard let raw = bundle.raw, entryName != nil else { return try body(bundle) }
    let tree = bundle.tree
    // Issues come in any order, and are few as a rule; what is not an entry's is the Bundle's own.
    var issues = bundle.issues.filter { EntryExpression.begins($0.expression) && $0.position != nil }
      .sorted { ($0.position ?? .init(line: 0, column: 0)) < ($1.position ?? .init(line: 0, column: 0)) }[...]
    var rest = [0..<1]
    var index = 0
    var last: Record?
    for child in tree.children(of: 0) {
      guard isEntry(child) else {
        rest.append(child..<Int(tree.nodes[child].end))
        continue
      }
      let start = Int(tree.nodes[child].position)
      // Entries follow each other in the source: an issue belongs to the last one that begins before it.
      if var last {
        if !issues.isEmpty {
          let position = raw.chunk.position(at: start)
          while let issue = issues.first, let place = issue.position, place < position {
            last.issues.append(issue)
            issues.removeFirst()
          }
        }
        try body(last)
      }
      let end = JSONSkip.value(raw.chunk.bytes, from: start, to: raw.chunk.count)
      let part = copy([child..<Int(tree.nodes[child].end)], of: tree, in: raw.chunk)
      part.rootExpression = EntryExpression.of(index)
      last = Record(
        .entry(index: index), tree: part,
        raw: RawSlice(chunk: raw.chunk, range: start..<Swift.max(start, end)))
      index += 1
    }
    var shell = Record(.bundle(entryCount: index), tree: copy(rest, of: tree, in: raw.chunk))
    shell.issues = bundle.issues.filter { !EntryExpression.begins($0.expression) || $0.position == nil }
    if var last {
      last.issues += issues
      try body(last)
    } else {
      shell.issues += issues
    }
    try body(shell)
  }

  private func isEntry(_ node: Int) -> Bool {
    let tree = bundle.tree
    return tree.nodes[node].name == entryName && tree.nodes[node].flags.contains(.item)
  }

  /// A tree of whole subtrees; the first range may be the root alone, and the others are then below it.
  private func copy(_ ranges: [Range<Int>], of tree: ResourceTree, in chunk: SourceChunk) -> ResourceTree {
    var nodes: [Node] = []
    for range in ranges {
      let shift = range.lowerBound - nodes.count
      for index in range {
        var node = tree.nodes[index]
        node.end = UInt32(Int(node.end) - shift)
        nodes.append(node)
      }
    }
    nodes[0].end = UInt32(nodes.count)
    return nodes.withUnsafeBufferPointer {
      ResourceTree(chunk: chunk, copying: $0, unknownNames: tree.unknownNames)
    }
  }
}

extension Record {
  /// Whether the record is a Bundle as a whole.
  func isBundle(_ table: DefinitionTable) -> Bool {
    content == .resource && tree.nodes[0].flags.kind == .resource
      && tree.rawText(0).elementsEqual("Bundle".utf8)
  }

  var isEntry: Bool {
    if case .entry = content { true } else { false }
  }
}
