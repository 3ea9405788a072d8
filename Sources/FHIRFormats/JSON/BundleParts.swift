import FHIRModel

/// The records that a Bundle's tree falls into: one for each entry, and one for its other members.
///
/// For Bundles that are in memory as a whole; ``JSONDocument`` reads those that need not be.
struct BundleParts: Sequence {
  let bundle: Record
  let names: NameIndex

  init(of bundle: Record, names: NameIndex) {
    self.bundle = bundle
    self.names = names
  }

  func makeIterator() -> Array<Record>.Iterator {
    guard let raw = bundle.raw, let entryName = names.entry else { return [bundle].makeIterator() }
    let tree = bundle.tree
    let entries = tree.children(of: 0).filter {
      tree.nodes[$0].name == entryName && tree.nodes[$0].flags.contains(.item)
    }
    var records = entries.enumerated().map { index, entry in
      let start = Int(tree.nodes[entry].position)
      let end = JSONSkip.value(raw.chunk.bytes, from: start, to: raw.chunk.count)
      let part = copy([entry..<Int(tree.nodes[entry].end)], of: tree, in: raw.chunk)
      part.rootExpression = "Bundle.entry[\(index)]"
      return Record(
        .entry(index: index), tree: part,
        raw: RawSlice(chunk: raw.chunk, range: start..<Swift.max(start, end)))
    }
    var rest = [0..<1]
    for child in tree.children(of: 0) where !entries.contains(child) {
      rest.append(child..<Int(tree.nodes[child].end))
    }
    records.append(Record(.bundle(entryCount: entries.count), tree: copy(rest, of: tree, in: raw.chunk)))
    for issue in bundle.issues {
      // Entries follow each other in the source: an issue belongs to the last one before it, if it is an entry's.
      let owner =
        issue.expression.hasPrefix("Bundle.entry[")
        ? records.lastIndex { record in
          record.isEntry && record.tree.position(of: 0).map { $0 <= issue.position ?? $0 } ?? false
        } : nil
      records[owner ?? records.count - 1].issues.append(issue)
    }
    return records.makeIterator()
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
