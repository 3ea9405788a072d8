/// Gives resources new ids, consistently in all files: what makes one patient into many.
///
/// It works on text, so that the copies keep the form of their originals: every UUID becomes another one of the same
/// length, and of other ids those that the files declare get a suffix, wherever they stand after a slash, after `#`, or as an id.
struct Copies {
  /// Ids that are no UUIDs.
  private var plainIDs: Set<[UInt8]> = []
  /// UUIDs of resources that all patients share (practitioners, organizations, …): these stay.
  private var sharedUUIDs: Set<UUIDKey> = []

  /// A UUID's digits.
  private struct UUIDKey: Hashable {
    var high: UInt64
    var low: UInt64
  }

  // MARK: Learning

  /// Learns from a file which ids there are.
  ///
  /// - Parameter isShared: the file's resources are nobody's, and are not copied.
  mutating func learn(_ bytes: [UInt8], isShared: Bool) {
    bytes.withUnsafeBufferPointer { text in
      var at = 0
      while at < text.count {
        if isShared, text[at] == UInt8(ascii: "-"), let uuid = Copies.uuid(in: text, firstDash: at) {
          sharedUUIDs.insert(uuid)
          at += 28
        } else if !isShared, text[at] == UInt8(ascii: "\""), let end = Copies.token(in: text, from: at + 1),
          Copies.isIDValue(text, quote: at), !Copies.isUUID(text, from: at + 1, to: end)
        {
          plainIDs.insert(Array(text[at + 1..<end]))
          at = end
        }
        at += 1
      }
    }
  }

  // MARK: Copying

  /// The text with ids of its own; copy 0 is the original.
  func copy(_ bytes: [UInt8], number: Int) -> [UInt8] {
    guard number > 0 else { return bytes }
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count + bytes.count / 50)
    let suffix = Array("-\(number)".utf8)
    // An odd factor gives every number another mask.
    let mask = UInt32(truncatingIfNeeded: number) &* 0x9E37_79B1
    bytes.withUnsafeBufferPointer { text in
      var copied = 0
      var at = 0
      while at < text.count {
        let byte = text[at]
        if byte == UInt8(ascii: "-"), let uuid = Copies.uuid(in: text, firstDash: at) {
          if !sharedUUIDs.contains(uuid) {
            out.append(contentsOf: text[copied..<at - 8])
            Copies.append(UInt32(truncatingIfNeeded: uuid.high >> 32) ^ mask, to: &out)
            copied = at
          }
          at += 28
        } else if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "#") || byte == UInt8(ascii: "\""),
          !plainIDs.isEmpty,
          let end = Copies.token(in: text, from: at + 1), plainIDs.contains(Array(text[at + 1..<end])),
          byte != UInt8(ascii: "\"") || Copies.isIDValue(text, quote: at)
        {
          out.append(contentsOf: text[copied..<end])
          out.append(contentsOf: suffix)
          copied = end
          at = end
        } else {
          at += 1
        }
      }
      out.append(contentsOf: text[copied...])
    }
    return out
  }

  // MARK: Text

  /// The end of an id that begins here and is followed by a quote.
  private static func token(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var at = start
    while at < text.count, at - start <= 56 {
      switch text[at] {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E: at += 1
      case UInt8(ascii: "\""): return at > start ? at : nil
      default: return nil
      }
    }
    return nil
  }

  /// Whether the string that opens at this quote is an id: `"id": "…"` or `<id value="…"`.
  private static func isIDValue(_ text: UnsafeBufferPointer<UInt8>, quote: Int) -> Bool {
    func ends(with word: StaticString, at end: Int) -> Bool {
      let count = word.utf8CodeUnitCount
      guard end >= count else { return false }
      return (0..<count).allSatisfy { text[end - count + $0] == word.utf8Start[$0] }
    }
    if ends(with: "<id value=", at: quote) { return true }
    var at = quote
    while at > 0, text[at - 1] == 0x20 || text[at - 1] == UInt8(ascii: ":") { at -= 1 }
    return at < quote && ends(with: "\"id\"", at: at)
  }

  private static func isUUID(_ text: UnsafeBufferPointer<UInt8>, from start: Int, to end: Int) -> Bool {
    end - start == 36 && uuid(in: text, firstDash: start + 8) != nil
  }

  /// The UUID whose first dash stands here.
  private static func uuid(in text: UnsafeBufferPointer<UInt8>, firstDash dash: Int) -> UUIDKey? {
    guard dash >= 8, dash + 28 <= text.count, text[dash + 5] == UInt8(ascii: "-"),
      text[dash + 10] == UInt8(ascii: "-"), text[dash + 15] == UInt8(ascii: "-")
    else { return nil }
    var digits: (high: UInt64, low: UInt64) = (0, 0)
    for at in dash - 8..<dash + 28 where text[at] != UInt8(ascii: "-") || (at - dash) % 5 != 0 {
      let digit: UInt64
      switch text[at] {
      case 0x30...0x39: digit = UInt64(text[at] - 0x30)
      case 0x61...0x66: digit = UInt64(text[at] - 0x61 + 10)
      default: return nil
      }
      digits = (digits.high << 4 | digits.low >> 60, digits.low << 4 | digit)
    }
    return UUIDKey(high: digits.high, low: digits.low)
  }

  private static func append(_ value: UInt32, to out: inout [UInt8]) {
    for shift in stride(from: 28, through: 0, by: -4) {
      let digit = UInt8(value >> UInt32(shift) & 15)
      out.append(digit < 10 ? 0x30 + digit : 0x61 + digit - 10)
    }
  }
}
