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
    var lane = Lane()
    for index in root..<Int(tree.nodes[root].end) { lane.add(tree.nodes[index], at: index, tree) }
    var digest = ContentDigest()
    digest.add(ContentDigest.Words(high: version, low: lane.value))
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

  /// A plain hash of elements: as many bits as the digest has in the end, and half of the work of a ``ContentDigest``.
  private struct Lane {
    var value: UInt64 = 0x9E37_79B9_7F4A_7C15

    @inline(__always)
    mutating func add(_ node: Node, at index: Int, _ tree: ResourceTree) {
      let marks = UInt64(node.name.rawValue) << 48 | UInt64(node.flags.rawValue) << 32
      mix(marks | UInt64(node.textLength), UInt64(truncatingIfNeeded: Int(node.end) &- index))
      let text = UnsafeRawBufferPointer(tree.rawText(index))
      var at = 0
      while at &+ 16 <= text.count {
        mix(
          UInt64(littleEndian: text.loadUnaligned(fromByteOffset: at, as: UInt64.self)),
          UInt64(littleEndian: text.loadUnaligned(fromByteOffset: at &+ 8, as: UInt64.self)))
        at &+= 16
      }
      guard at < text.count else { return }
      let (x, y) = ContentDigest.rest(of: text, from: at)
      mix(x, y)
    }

    @inline(__always)
    private mutating func mix(_ x: UInt64, _ y: UInt64) {
      let product = (value ^ x).multipliedFullWidth(by: 0xA076_1D64_78BD_642F ^ (y &<< 1 | 1))
      value = product.high ^ product.low ^ y
    }
  }

  /// What a document with a hash says of what came to it; the hash binds it to the document as it is.
  static func mark(_ input: UInt64, hash: String) -> Int64 {
    var digest = ContentDigest()
    digest.add(ContentDigest.Words(high: input, low: 1))
    digest.add(hash)
    return Int64(bitPattern: digest.words.high)
  }
}
