package import FHIRModel

/// Stands for what comes to a document, as it was read: the same input gives the same document, so that one which comes again is
/// known without being mapped. That the digests differ says nothing: JSON and XML of one resource have different ones.
///
/// Zero stands for what was not read, and is never compared.
package enum InputDigest {
  /// Another number where documents are made otherwise of the same input.
  private static let version: UInt64 = 1

  /// The digest of a resource: its elements in their order, what becomes of its references, what it is called.
  package static func of(
    _ tree: ResourceTree, node root: Int, _ rewrites: ReferenceRewrites, key: String, names: [String]
  ) -> UInt64 {
    var digest = ContentDigest()
    digest.add(ContentDigest.Words(high: version, low: 0))
    let end = Int(tree.nodes[root].end)
    for index in root..<end {
      let node = tree.nodes[index]
      digest.add(
        ContentDigest.Words(
          high: UInt64(node.name.rawValue) << 48 | UInt64(node.flags.rawValue) << 32
            | UInt64(node.textLength),
          low: UInt64(Int(node.end) - index)))
      if node.textLength > 0 { digest.add(UnsafeRawBufferPointer(tree.rawText(index))) }
    }
    // Their numbers are the tree's own.
    for name in tree.unknownNames { digest.add(name) }
    rewrites.add(to: &digest, from: root)
    digest.add(key)
    for name in names { digest.add(name) }
    return max(digest.words.high, 1)
  }

  /// The digest of one of a document's parts; nil where that of its resource is not known.
  ///
  /// - Parameter version: the part's place among those of one resource, or among links: the last may be the one that counts.
  static func of(_ part: PartView, version: Int) -> UInt64? {
    var digest = ContentDigest()
    switch part.form {
    case .root, .section:
      guard part.input != 0 else { return nil }
      digest.add(
        ContentDigest.Words(high: part.input, low: UInt64(version) << 8 | UInt64(part.form.rawValue)))
      digest.add(part.section)
    case .link:
      digest.add(ContentDigest.Words(high: 0, low: UInt64(version) << 8 | UInt64(part.form.rawValue)))
      digest.add(part.key)
      digest.add(part.bytes)
    case .presence: return 0
    }
    return digest.words.high
  }

  /// What a document with a hash says of what came to it; the hash binds it to the document as it is.
  static func mark(_ input: UInt64, hash: String) -> Int64 {
    var digest = ContentDigest()
    digest.add(ContentDigest.Words(high: input, low: 1))
    digest.add(hash)
    return Int64(bitPattern: digest.words.high)
  }
}
