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
  var member: String {
    switch self {
    case .json, .tree, .written: "resource"
    case .raw(let slice): slice.isBeginning ? "beginning" : "raw"
    }
  }

  /// Hands over a JSON value on one line, until `body` returns false.
  ///
  /// - Returns: whether it never did.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    switch self {
    case .json(let slice): slice.withBytes { QuarantinedText.forEachPiece(ofJSON: $0, body) }
    case .raw(let slice): slice.withBytes { QuarantinedText.forEachPiece(ofText: $0, body) }
    case .written(var text): text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    case .tree(let tree): QuarantinedText.forEachPiece(of: tree, body)
    }
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

  /// Text as a JSON string; bytes that are no UTF-8 become U+FFFD.
  private static func forEachPiece(
    ofText bytes: UnsafeBufferPointer<UInt8>, _ body: (UnsafeRawBufferPointer) -> Bool
  ) -> Bool {
    func give(_ text: String) -> Bool {
      var text = text
      return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
    guard give("\"") else { return false }
    var start = 0
    while start < bytes.count {
      var end = min(start + pieceBytes, bytes.count)
      // A scalar of UTF-8 has four bytes at most.
      var back = 0
      while end < bytes.count, back < 3, bytes[end] & 0xC0 == 0x80 {
        end -= 1
        back += 1
      }
      guard give(JSONText.escaped(String(decoding: bytes[start..<end], as: UTF8.self))) else { return false }
      start = end
    }
    return give("\"")
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
