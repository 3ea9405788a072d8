import FHIRModel

/// The names in references to which no resource of a run answers, so that the database has to be asked: those of many resources at once,
/// for a question costs as much as the mapping of several of them.
struct SearchedNames {
  /// Hashes of the names that were found before.
  private var seen: Set<UInt64> = []

  /// How many are remembered: one that is found a second time has its answer already.
  private static let most = 1 << 16

  /// The names in a Bundle that were not found before. What its references call by a URN is looked for in the Bundle alone: nearly all
  /// of them are there.
  mutating func take(from bundle: HeldBundle, run: TargetIndex) -> [String] {
    var names: [String] = []
    for entry in bundle.entries {
      guard let resource = entry.resource else { continue }
      take(from: resource.tree, at: resource.node, urns: false, into: &names) {
        bundle.index.target(hash: $0) != nil || run.target(hash: $0) != nil
      }
    }
    return names
  }

  /// Adds the names in a resource that were not found before.
  mutating func take(
    from tree: ResourceTree, at node: Int, resolver: ReferenceResolver, into names: inout [String]
  ) {
    take(from: tree, at: node, urns: true, into: &names, isAnswered: resolver.isAnswered)
  }

  /// A few elements are called `reference` and are none: to ask for what they say costs a name more in the question, and less than to find
  /// out the type of each.
  @inline(__always)
  private mutating func take(
    from tree: ResourceTree, at root: Int, urns: Bool, into names: inout [String],
    isAnswered: (_ hash: UInt64) -> Bool
  ) {
    if seen.count > SearchedNames.most { seen.removeAll() }
    for node in root..<Int(tree.nodes[root].end)
    where tree.nodes[node].name == KnownNames.r4.reference {
      let flags = tree.nodes[node].flags
      guard flags.kind == .string || flags.kind == .text, !flags.contains(.escaped) else { continue }
      let text = tree.rawText(node)
      // No name of a type begins so.
      if !urns, text.first == UInt8(ascii: "u") { continue }
      guard ReferenceText.isIdentifierName(text) || ReferenceText.isURL(text) else { continue }
      let hash = NameHash.of(UnsafeRawBufferPointer(text))
      guard !seen.contains(hash), !isAnswered(hash) else { continue }
      seen.insert(hash)
      let name = String(decoding: text, as: UTF8.self)
      names.append(name)
      let unversioned = ReferenceText.unversioned(name)
      if unversioned != name { names.append(unversioned) }
    }
  }
}
