/// Passing over resources that nobody asked for.
extension JSONSkip {
  typealias Filter = (
    _ type: UnsafeBufferPointer<UInt8>, _ id: UnsafeBufferPointer<UInt8>?,
    _ fullUrl: UnsafeBufferPointer<UInt8>?
  ) -> Bool

  /// Whether a resource is passed over that begins `{"resourceType":"…"`, as nearly all do, perhaps with its `id` next.
  ///
  /// - Parameters:
  ///   - bytes: a chunk's, which end with zeros.
  ///   - fullUrl: its entry's.
  static func isPassedOver(
    _ bytes: UnsafePointer<UInt8>, at start: Int, fullUrl: Range<Int>? = nil, _ skips: Filter
  ) -> Bool {
    guard bytes[start] == JSONByte.openObject,
      let type = member("\"resourceType\"", bytes, at: blanks(bytes, from: start + 1))
    else { return false }
    var id: Range<Int>?
    let next = blanks(bytes, from: type.upperBound + 1)
    if bytes[next] == JSONByte.comma { id = member("\"id\"", bytes, at: blanks(bytes, from: next + 1)) }
    return skips(text(bytes, type), id.map { text(bytes, $0) }, fullUrl.map { text(bytes, $0) })
  }

  /// Where the value of a member stands, if it is that one, and its value a string of what ids and types consist of.
  private static func member(
    _ name: StaticString, _ bytes: UnsafePointer<UInt8>, at start: Int
  ) -> Range<Int>? {
    // A chunk ends with zeros, which are no part of a name: it is left before the room ends.
    guard begins(bytes + start, with: name) else { return nil }
    var at = blanks(bytes, from: start + name.utf8CodeUnitCount)
    guard bytes[at] == JSONByte.colon else { return nil }
    at = blanks(bytes, from: at + 1)
    guard bytes[at] == JSONByte.quote else { return nil }
    var end = at + 1
    while isOfID(bytes[end]) { end += 1 }
    return bytes[end] == JSONByte.quote && end > at + 1 ? at + 1..<end : nil
  }

  private static func isOfID(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."): true
    default: false
    }
  }

  private static func text(
    _ bytes: UnsafePointer<UInt8>, _ range: Range<Int>
  ) -> UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: bytes + range.lowerBound, count: range.count)
  }

  /// Index behind the Bundle entry that begins at `start`, if its resource is passed over, and the entry asks for nothing on a
  /// condition; nil where it is to be read, or its end is not at hand.
  static func entry(
    _ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int, linewise: Bool, skips: Filter
  ) -> Int? {
    guard bytes[start] == JSONByte.openObject else { return nil }
    var resource: Int?
    var fullUrl: Range<Int>?
    var at = blanks(bytes, from: start + 1)
    while at < end, bytes[at] == JSONByte.quote {
      let name = at
      at = string(bytes, from: at + 1, to: end, linewise: linewise)
      guard at >= 0 else { return nil }
      at = blanks(bytes, from: at)
      guard at < end, bytes[at] == JSONByte.colon else { return nil }
      let value = blanks(bytes, from: at + 1)
      guard value < end else { return nil }
      at = JSONSkip.value(bytes, from: value, to: end, linewise: linewise)
      guard at >= 0 else { return nil }
      if begins(bytes + name, with: "\"resource\"") {
        guard resource == nil else { return nil }
        resource = value
      } else if begins(bytes + name, with: "\"request\""), hasCondition(bytes, from: value, to: at) {
        return nil
      } else if begins(bytes + name, with: "\"fullUrl\""), bytes[value] == JSONByte.quote {
        // Who asks for it wants it as it is, without escapes.
        guard !(value..<at).contains(where: { bytes[$0] == JSONByte.backslash }) else { return nil }
        fullUrl = value + 1..<at - 1
      }
      at = blanks(bytes, from: at)
      if at < end, bytes[at] == JSONByte.comma {
        at = blanks(bytes, from: at + 1)
        continue
      }
      guard at < end, bytes[at] == JSONByte.closeObject, let resource,
        isPassedOver(bytes, at: resource, fullUrl: fullUrl, skips)
      else { return nil }
      return at + 1
    }
    return nil
  }

  /// Whether an entry's `request` names a condition; escapes may hide one.
  private static func hasCondition(_ bytes: UnsafePointer<UInt8>, from start: Int, to end: Int) -> Bool {
    for at in start..<end {
      if bytes[at] == JSONByte.backslash { return true }
      // ifNoneExist, ifNoneMatch
      if bytes[at] == UInt8(ascii: "i"),
        begins(bytes + at, with: "ifNone") || begins(bytes + at, with: "ifMatch")
      {
        return true
      }
    }
    return false
  }

  /// Whether bytes before the chunk's closing zeros are that text.
  @inline(__always)
  private static func begins(_ bytes: UnsafePointer<UInt8>, with text: StaticString) -> Bool {
    for offset in 0..<text.utf8CodeUnitCount where bytes[offset] != text.utf8Start[offset] { return false }
    return true
  }
}
