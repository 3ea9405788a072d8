import Glibc

/// Finds start tags with far too many attributes before libxml2 sees them: it compares each attribute of a tag with every other,
/// so that a megabyte of them takes it half a minute.
///
/// A `<` stands in well-formed XML only where markup begins, so that text is cut there; most stretches are too short to hold
/// many attributes, and nothing more is asked of them.
struct XMLTagLimit {
  /// FHIR's elements have one or two attributes, XHTML's some more.
  static let attributes = 1000
  /// Bytes that so many attributes take at least: ` a=""`.
  private static let shortest = attributes * 5

  /// Offset of the `<` of the stretch that has not ended; nil before the first.
  private var open: Int?

  /// Goes on over the bytes held, of which those from `fed` on are new.
  ///
  /// - Parameters:
  ///   - bytes: what is held of the source; of a tag that is not whole, all.
  ///   - start: the offset in the source of the first byte held.
  ///   - fed: the offset of the first byte that was not looked at before.
  /// - Returns: the offset of a start tag that has too many.
  mutating func excess(in bytes: UnsafeBufferPointer<UInt8>, from start: Int, fed: Int) -> Int? {
    guard let base = bytes.baseAddress, fed - start < bytes.count else { return nil }
    let end = bytes.count
    // Of a stretch that is held no more, the tag is through.
    var from = open.map { $0 - start } ?? -1
    if from < 0 { from = fed - start }
    var next = max(from + 1, fed - start)
    if bytes[from] != UInt8(ascii: "<") { next = from }
    while true {
      let found = next < end ? memchr(base + next, Int32(UInt8(ascii: "<")), end - next) : nil
      let upTo = found.map { UnsafeRawPointer($0) - UnsafeRawPointer(base) } ?? end
      if upTo - from > XMLTagLimit.shortest,
        XMLTagLimit.isExcessive(UnsafeBufferPointer(rebasing: bytes[from..<upTo]))
      {
        return start + from
      }
      guard found != nil else { break }
      from = upTo
      next = upTo + 1
    }
    open = bytes[from] == UInt8(ascii: "<") ? start + from : nil
    return nil
  }

  /// Whether a tag at the beginning of a stretch, whole or not, has too many attributes.
  static func isExcessive(_ stretch: UnsafeBufferPointer<UInt8>) -> Bool {
    guard stretch.count > shortest, stretch[0] == UInt8(ascii: "<"), let base = stretch.baseAddress else {
      return false
    }
    // A comment, a declaration, an end tag.
    if stretch[1] == UInt8(ascii: "!") || stretch[1] == UInt8(ascii: "?") || stretch[1] == UInt8(ascii: "/") {
      return false
    }
    var count = 0
    var place = 1
    while place < stretch.count {
      let byte = stretch[place]
      if byte == UInt8(ascii: ">") { return false }
      if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        // Values may be long: base64.
        guard let quote = memchr(base + place + 1, Int32(byte), stretch.count - place - 1) else {
          return false
        }
        place = UnsafeRawPointer(quote) - UnsafeRawPointer(base)
        count += 1
        if count > attributes { return true }
      }
      place += 1
    }
    return false
  }

  /// Offset in a whole document of a start tag that has too many.
  static func excess(in document: UnsafeBufferPointer<UInt8>) -> Int? {
    var limit = XMLTagLimit()
    return document.isEmpty ? nil : limit.excess(in: document, from: 0, fed: 0)
  }
}
