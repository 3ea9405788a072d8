/// A value's text with its escapes decoded, piece by piece: a large one is never held whole.
struct DecodedText {
  /// Bytes of a piece.
  static let pieceCount = 1 << 16

  let raw: UnsafeBufferPointer<UInt8>
  let isEscaped: Bool
  /// Whether every escape so far meant a scalar.
  private(set) var isWhole = true
  /// How much of `raw` was decoded, or lent.
  private var decoded = 0
  /// The piece, where it is not a stretch of `raw`.
  private var room: TextBuffer?
  private var piece = UnsafeBufferPointer<UInt8>(start: nil, count: 0)

  init(_ raw: UnsafeBufferPointer<UInt8>, isEscaped: Bool) {
    self.raw = raw
    self.isEscaped = isEscaped
  }

  /// What comes next; empty at the end.
  mutating func upcoming() -> UnsafeBufferPointer<UInt8> {
    if piece.isEmpty, decoded < raw.count { advance() }
    return piece
  }

  /// So many bytes of what comes next are done with.
  mutating func pass(_ count: Int) { piece = UnsafeBufferPointer(rebasing: piece.dropFirst(count)) }

  private mutating func advance() {
    let start = decoded
    let limit = min(start + DecodedText.pieceCount, raw.count)
    guard isEscaped else {
      decoded = limit
      piece = UnsafeBufferPointer(rebasing: raw[start..<limit])
      return
    }
    decoded = JSONEscapes.boundary(in: raw, from: start, reaching: limit)
    let room = self.room ?? TextBuffer()
    self.room = room
    room.count = 0
    isWhole = JSONEscapes.decode(UnsafeBufferPointer(rebasing: raw[start..<decoded]), into: room) && isWhole
    piece = UnsafeBufferPointer(start: UnsafePointer(room.bytes), count: room.count)
  }

  /// What a closure makes of the whole text; nil where an escape means no scalar.
  func whole<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result?) -> Result? {
    guard isEscaped else { return body(raw) }
    let text = TextBuffer(capacity: raw.count)
    guard JSONEscapes.decode(raw, into: text) else { return nil }
    return body(UnsafeBufferPointer(start: UnsafePointer(text.bytes), count: text.count))
  }
}
