package import FHIRFormats
package import FHIRModel

/// The text of what is set aside. It is handed on in pieces: a resource may be all the memory that there is to be.
package enum QuarantinedText: Sendable {
  /// JSON as it was read, on however many lines.
  case json(RawSlice)
  /// A resource that was not read as JSON, or not read from a file.
  case tree(ResourceTree)
  /// JSON that was written for it, on one line.
  case written(String)
  /// What is no JSON, as it was read; or the beginning of what is too large.
  case raw(RawSlice)

  private static let pieceBytes = 64 << 10

  /// The member's name in an entry.
  private var member: String {
    switch self {
    case .json, .tree, .written: "resource"
    case .raw(let slice): slice.isBeginning ? "beginning" : "raw"
    }
  }

  /// Hands over the members that an entry has of the text, on one line, until `body` returns false.
  ///
  /// - Returns: whether it never did.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    func name(_ member: String) -> Bool { QuarantinedText.give("\"\(member)\":", body) }
    switch self {
    case .json(let slice):
      return name(member) && slice.withBytes { QuarantinedText.forEachPiece(ofJSON: $0, body) }
    case .raw(let slice):
      return slice.withBytes { bytes in
        let text = RepairedText(bytes)
        let isTold =
          slice.isBeginning || text.isWhole
          || name(RepairedText.member) && text.forEachPieceOfReplaced(body) && QuarantinedText.give(",", body)
        return isTold && name(member) && text.forEachPiece(body)
      }
    case .written(let text):
      return name(member) && QuarantinedText.give(text, body)
    case .tree(let tree):
      return name(member) && QuarantinedText.forEachPiece(of: tree, body)
    }
  }

  private static func give(_ text: String, _ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    var text = text
    return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
  }

  private static func forEachPiece(
    ofJSON bytes: UnsafeBufferPointer<UInt8>, _ body: (UnsafeRawBufferPointer) -> Bool
  ) -> Bool {
    var piece: [UInt8] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      piece.removeAll(keepingCapacity: true)
      // White space between tokens is all that line breaks can be in well-formed JSON.
      for byte in rest.prefix(pieceBytes) { piece.append(byte == 0x0A || byte == 0x0D ? 0x20 : byte) }
      guard piece.withUnsafeBytes(body) else { return false }
      rest = rest.dropFirst(pieceBytes)
    }
    return true
  }

  private struct Stopped: Error {}

  private static func forEachPiece(
    of tree: ResourceTree, _ body: (UnsafeRawBufferPointer) -> Bool
  ) -> Bool {
    withoutActuallyEscaping(body) { body in
      let buffer = OutputBuffer(threshold: pieceBytes) { guard body($0) else { throw Stopped() } }
      JSONWriter(to: buffer).write(tree)
      do {
        try buffer.flush()
        return true
      } catch {
        return false
      }
    }
  }
}
