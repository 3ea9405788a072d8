/// The grammar of language tags, BCP 47.
///
/// See RFC 5646, section 2.1. Whether a subtag is registered is not looked at.
package enum LanguageTag {
  package static func isWellFormed(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count <= 100 else { return false }
    let subtags = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard subtags.allSatisfy({ (1...8).contains($0.count) && $0.allSatisfy(isAlphanumeric) }) else {
      return false
    }
    var rest = subtags[...]
    return takesTag(&rest) && rest.isEmpty || isGrandfathered(text)
  }

  private typealias Subtags = ArraySlice<Slice<UnsafeBufferPointer<UInt8>>>

  private static func takesTag(_ rest: inout Subtags) -> Bool {
    if isPrivate(rest) { return takesPrivate(&rest) }
    guard let language = rest.popFirst(), language.count >= 2, language.allSatisfy(isLetter) else {
      return false
    }
    if language.count <= 3 {
      for _ in 0..<3 where rest.first.map({ $0.count == 3 && $0.allSatisfy(isLetter) }) == true {
        rest.removeFirst()
      }
    }
    if rest.first.map({ $0.count == 4 && $0.allSatisfy(isLetter) }) == true { rest.removeFirst() }
    if rest.first.map(isRegion) == true { rest.removeFirst() }
    var variants: Set<[UInt8]> = []
    while let variant = rest.first, isVariant(variant) {
      guard variants.insert(variant.map { $0 | 0x20 }).inserted else { return false }
      rest.removeFirst()
    }
    var singletons: Set<UInt8> = []
    while let singleton = rest.first, singleton.count == 1, !isPrivate(rest) {
      guard let letter = singleton.first, singletons.insert(letter | 0x20).inserted else { return false }
      rest.removeFirst()
      guard rest.first.map({ $0.count >= 2 }) == true else { return false }
      while rest.first.map({ $0.count >= 2 }) == true { rest.removeFirst() }
    }
    return isPrivate(rest) ? takesPrivate(&rest) : true
  }

  private static func isPrivate(_ rest: Subtags) -> Bool {
    rest.first.map { $0.count == 1 && $0.first.map { $0 | 0x20 } == UInt8(ascii: "x") } == true
  }

  private static func takesPrivate(_ rest: inout Subtags) -> Bool {
    defer { rest = rest[rest.endIndex...] }
    return rest.count > 1
  }

  private static func isRegion(_ subtag: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    subtag.count == 2 && subtag.allSatisfy(isLetter) || subtag.count == 3 && subtag.allSatisfy(isDigit)
  }

  private static func isVariant(_ subtag: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    subtag.count >= 5 || subtag.count == 4 && subtag.first.map(isDigit) == true
  }

  /// Tags that were registered before there were subtags, and do not follow the grammar.
  private static let grandfathered: Set<String> = [
    "en-gb-oed", "i-ami", "i-bnn", "i-default", "i-enochian", "i-hak", "i-klingon", "i-lux", "i-mingo",
    "i-navajo", "i-pwn", "i-tao", "i-tay", "i-tsu", "sgn-be-fr", "sgn-be-nl", "sgn-ch-de",
  ]

  private static func isGrandfathered(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    grandfathered.contains(String(decoding: text, as: UTF8.self).lowercased())
  }
}

func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") <= 9 }

func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

func isAlphanumeric(_ byte: UInt8) -> Bool { isLetter(byte) || isDigit(byte) }
