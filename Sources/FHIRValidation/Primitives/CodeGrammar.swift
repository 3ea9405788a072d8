/// Code systems that are grammars rather than lists.
enum CodeGrammar {
  /// A language tag's form. See RFC 5646, section 2.1.
  static func isLanguage(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let subtags = text.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard let primary = subtags.first else { return false }
    for subtag in subtags where !(1...8).contains(subtag.count) || !subtag.allSatisfy(isAlphanumeric) {
      return false
    }
    // "x-" begins a private tag and "i-" one that was registered before there were subtags.
    if primary.count == 1 {
      return subtags.count > 1
        && (primary.first.map { $0 | 0x20 == UInt8(ascii: "x") || $0 | 0x20 == UInt8(ascii: "i") } ?? false)
    }
    return primary.allSatisfy(isLetter)
  }

  /// `type/subtype` with or without parameters. See RFC 2045, section 5.1, and RFC 6838, section 4.2.
  static func isMIMEType(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let type = text.prefix { $0 != UInt8(ascii: ";") }
    let parts = type.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == 2 else { return false }
    let subtype = parts[1].reversed().drop { $0 == 0x20 }
    return !parts[0].isEmpty && parts[0].allSatisfy(isToken) && !subtype.isEmpty
      && subtype.allSatisfy(isToken)
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    isLetter(byte) || byte &- UInt8(ascii: "0") <= 9
  }

  private static func isToken(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "!"), UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "%"), UInt8(ascii: "&"),
      UInt8(ascii: "'"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "^"), UInt8(ascii: "_"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"),
      UInt8(ascii: "}"), UInt8(ascii: "~"):
      true
    default: isAlphanumeric(byte)
    }
  }
}
