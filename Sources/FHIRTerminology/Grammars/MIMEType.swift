/// The grammar of MIME types, BCP 13: `type/subtype` with or without parameters.
///
/// See RFC 2045, section 5.1, and RFC 6838, section 4.2.
package enum MIMEType {
  package static func isWellFormed(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let type = text.prefix { $0 != UInt8(ascii: ";") }
    let parts = type.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard parts.count == 2 else { return false }
    let subtype = parts[1].reversed().drop { $0 == 0x20 }
    return !parts[0].isEmpty && parts[0].allSatisfy(isToken) && !subtype.isEmpty
      && subtype.allSatisfy(isToken)
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
