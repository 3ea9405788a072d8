/// Bytes as text: each stretch of them that is no UTF-8 becomes U+FFFD, and what it was is told beside the text.
///
/// The other way round, the text with the bytes in their places again is what it was made of, as long as nobody changed how many
/// U+FFFD it has.
struct RepairedText {
  /// The member of an entry that has, for each U+FFFD of its text in turn, the bytes that it stands for: `e9 c3 efbfbd`.
  static let member = "replaced"

  private static let pieceBytes = 64 << 10

  private let bytes: UnsafeBufferPointer<UInt8>
  /// Whether all of it is UTF-8.
  let isWhole: Bool

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    isWhole = RepairedText.forEachScalar(of: bytes) { _, isRepaired in isRepaired == nil }
  }

  /// Hands over the text as a JSON string, until `body` returns false.
  func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    forEachPiece(body) { scalar, _, text in text.append(scalar) }
  }

  /// Hands over what the text's U+FFFD stand for, as a JSON string, until `body` returns false.
  func forEachPieceOfReplaced(_ body: (UnsafeRawBufferPointer) -> Bool) -> Bool {
    var isFirst = true
    return forEachPiece(body) { scalar, replaced, text in
      guard scalar == RepairedText.replacement else { return }
      if !isFirst { text.append(" ") }
      isFirst = false
      for byte in replaced.map({ Array(bytes[$0]) }) ?? Array("\u{FFFD}".utf8) {
        if byte < 0x10 { text.append("0") }
        text.append(contentsOf: String(byte, radix: 16).unicodeScalars)
      }
    }
  }

  static let replacement: Unicode.Scalar = "\u{FFFD}"

  private func forEachPiece(
    _ body: (UnsafeRawBufferPointer) -> Bool,
    _ append: (Unicode.Scalar, Range<Int>?, inout String.UnicodeScalarView) -> Void
  ) -> Bool {
    var text = String.UnicodeScalarView()
    func flush(_ text: String) -> Bool {
      var text = text
      return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
    guard flush("\"") else { return false }
    var count = 0
    let isDone = RepairedText.forEachScalar(of: bytes) { scalar, replaced in
      append(scalar, replaced, &text)
      count += 1
      guard count % RepairedText.pieceBytes == 0 else { return true }
      defer { text.removeAll() }
      return flush(JSONText.escaped(String(text)))
    }
    return isDone && flush(JSONText.escaped(String(text)) + "\"")
  }

  /// Hands over scalars, and where the bytes stand that one takes the place of, until `body` returns false.
  private static func forEachScalar(
    of bytes: UnsafeBufferPointer<UInt8>, _ body: (Unicode.Scalar, Range<Int>?) -> Bool
  ) -> Bool {
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var at = 0
    while true {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let encoded):
        guard body(UTF8.decode(encoded), nil) else { return false }
        at += encoded.count
      case .error(let length):
        guard body(replacement, at..<at + length) else { return false }
        at += length
      case .emptyInput: return true
      }
    }
  }

  /// The bytes in their order, from the member's value.
  struct Replaced {
    private var rest: UnsafeBufferPointer<UInt8>.SubSequence

    /// - Parameter token: a JSON string.
    init(_ token: UnsafeBufferPointer<UInt8>) { rest = token.dropFirst().dropLast() }

    /// How many places they are of.
    var count: Int { rest.isEmpty ? 0 : rest.count { $0 == UInt8(ascii: " ") } + 1 }

    mutating func next() -> [UInt8]? {
      guard !rest.isEmpty else { return nil }
      let word = rest.prefix { $0 != UInt8(ascii: " ") }
      rest = rest.dropFirst(word.count + 1)
      guard word.count % 2 == 0 else { return nil }
      return stride(from: word.startIndex, to: word.endIndex, by: 2).compactMap {
        UInt8(String(decoding: word[$0..<$0 + 2], as: UTF8.self), radix: 16)
      }
    }
  }
}
