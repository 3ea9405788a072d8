import FHIRModel

/// The searches in references (`Practitioner?identifier=system|value`) to which no resource of a run answers, so that the database has to be
/// asked: those of many entries at once, for a question costs as much as the mapping of several of them.
struct SearchedNames {
  /// Hashes of the names that were found before.
  private var seen: Set<UInt64> = []

  /// How many are remembered: one that is found a second time has its answer already.
  private static let most = 1 << 16

  /// The names in a Bundle that were not found before. A few elements are called `reference` and are none: to ask for what they say costs a
  /// name more in the question, and less than to find out the type of each.
  mutating func take(from bundle: HeldBundle, run: TargetIndex) -> [String] {
    if seen.count > SearchedNames.most { seen.removeAll() }
    var names: [String] = []
    for entry in bundle.entries {
      guard let resource = entry.resource else { continue }
      let tree = resource.tree
      for node in resource.node..<Int(tree.nodes[resource.node].end)
      where tree.nodes[node].name == KnownNames.r4.reference {
        let flags = tree.nodes[node].flags
        guard flags.kind == .string || flags.kind == .text, !flags.contains(.escaped) else { continue }
        let text = tree.rawText(node)
        guard ReferenceText.isIdentifierName(text) else { continue }
        let hash = NameHash.of(UnsafeRawBufferPointer(text))
        guard !seen.contains(hash), bundle.index.target(hash: hash) == nil, run.target(hash: hash) == nil
        else {
          continue
        }
        seen.insert(hash)
        names.append(String(decoding: text, as: UTF8.self))
      }
    }
    return names
  }
}
