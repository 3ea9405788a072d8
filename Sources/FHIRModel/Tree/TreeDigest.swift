/// A number that trees have in common which a ``TreeComparison`` calls equal, and others hardly ever.
///
/// The order of children makes no difference to it, not even that of items: what has one digest is compared all the same.
/// Narratives count as there or not.
package struct TreeDigest {
  private let tree: ResourceTree
  private let unknown: [UInt64]

  /// - Parameter tree: one from JSON.
  package static func of(_ tree: ResourceTree) -> UInt64 {
    TreeDigest(tree).digest(0)
  }

  private init(_ tree: ResourceTree) {
    self.tree = tree
    unknown = tree.unknownNames.map { name in
      var name = name
      return name.withUTF8 { TreeDigest.mix(1, $0) }
    }
  }

  private func digest(_ node: Int) -> UInt64 {
    let flags = tree.nodes[node].flags
    var digest = UInt64(flags.kind.rawValue)
    if flags.contains(.xhtml) {
      digest = TreeDigest.mix(digest, 2)
    } else {
      var text = DecodedText(tree.rawText(node), isEscaped: flags.contains(.escaped))
      while !text.upcoming().isEmpty {
        let piece = text.upcoming()
        digest = TreeDigest.mix(digest, piece)
        text.pass(piece.count)
      }
    }
    var below: UInt64 = 0
    for child in tree.children(of: node) {
      let name = tree.nodes[child].name
      let number = name.isUnknown ? unknown[Int(name.rawValue - NameID.unknown)] : UInt64(name.rawValue)
      below &+= TreeDigest.mix(number, self.digest(child))
    }
    return TreeDigest.mix(digest, below)
  }

  private static func mix(_ hash: UInt64, _ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    bytes.reduce(hash) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  private static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = (a ^ 0x8EBC_6AF0_9C88_C6E3).multipliedFullWidth(by: b ^ 0xA076_1D64_78BD_642F)
    return product.high ^ product.low
  }
}
