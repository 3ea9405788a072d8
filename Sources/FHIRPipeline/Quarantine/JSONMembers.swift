/// The members of a JSON object by where they stand, for taking a line apart without reading what is in it.
enum JSONMembers {
  struct Member {
    let name: String
    /// The value's bytes, without white space around them.
    let value: Range<Int>
  }

  /// nil for what is no object. What stands inside the values is not looked at but for its brackets and strings.
  static func of(_ bytes: UnsafeBufferPointer<UInt8>) -> [Member]? {
    var at = blanks(bytes, from: 0)
    guard at < bytes.count, bytes[at] == UInt8(ascii: "{") else { return nil }
    at = blanks(bytes, from: at + 1)
    var members: [Member] = []
    if at < bytes.count, bytes[at] == UInt8(ascii: "}") { return isEnd(bytes, at + 1) ? members : nil }
    while at < bytes.count, bytes[at] == UInt8(ascii: "\"") {
      guard let keyEnd = string(bytes, from: at) else { return nil }
      let name = String(decoding: bytes[at + 1..<keyEnd - 1], as: UTF8.self)
      at = blanks(bytes, from: keyEnd)
      guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else { return nil }
      at = blanks(bytes, from: at + 1)
      guard let end = value(bytes, from: at) else { return nil }
      members.append(Member(name: name, value: at..<end))
      at = blanks(bytes, from: end)
      guard at < bytes.count else { return nil }
      if bytes[at] == UInt8(ascii: "}") { return isEnd(bytes, at + 1) ? members : nil }
      guard bytes[at] == UInt8(ascii: ",") else { return nil }
      at = blanks(bytes, from: at + 1)
    }
    return nil
  }

  private static func isEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ at: Int) -> Bool {
    blanks(bytes, from: at) == bytes.count
  }

  private static func blanks(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    var at = start
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
    return at
  }

  /// Behind the string that begins here.
  private static func string(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var at = start + 1
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\""): return at + 1
      case UInt8(ascii: "\\"): at += 2
      default: at += 1
      }
    }
    return nil
  }

  /// Behind the value that begins here.
  private static func value(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
    var at = start
    var depth = 0
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\""):
        guard let end = string(bytes, from: at) else { return nil }
        at = end
        if depth == 0 { return at }
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        at += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        // The end of the object that the value stands in.
        if depth == 0 { return at > start ? trimmed(bytes, start, at) : nil }
        depth -= 1
        at += 1
        if depth == 0 { return at }
      case UInt8(ascii: ",") where depth == 0: return at > start ? trimmed(bytes, start, at) : nil
      default: at += 1
      }
    }
    return nil
  }

  private static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    var end = end
    while end > start, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[end - 1]) { end -= 1 }
    return end
  }
}
