/// What to say where JSON has something else than was expected: the usual slips are called by their names.
///
/// Two bytes may be looked at behind the one that is given: zero bytes follow every chunk.
enum JSONSyntaxFault {
  /// Where a member's name was expected.
  static func name(at bytes: UnsafePointer<UInt8>) -> String {
    switch bytes[0] {
    case JSONByte.closeObject: "a comma stands before the end of the object: take it out"
    case UInt8(ascii: "/"), UInt8(ascii: "#"): comment
    case UInt8(ascii: "'"): "a member's name stands in double quotes, not in single ones"
    default: lookalike(bytes) ?? "a member's name in double quotes is expected here"
    }
  }

  /// Where a value was expected; as an item of an array, one that follows a comma.
  static func value(at bytes: UnsafePointer<UInt8>, isItem: Bool) -> String {
    switch bytes[0] {
    case JSONByte.closeArray where isItem: "a comma stands before the end of the array: take it out"
    case UInt8(ascii: "/"), UInt8(ascii: "#"): comment
    case UInt8(ascii: "'"): "a string stands in double quotes, not in single ones"
    // Python's own writer puts them where it has no number.
    case UInt8(ascii: "N") where bytes[1] == UInt8(ascii: "a"): noNumber
    case UInt8(ascii: "I"): noNumber
    case UInt8(ascii: "."): "a digit must stand before the decimal point"
    case UInt8(ascii: "+"): "a number must not begin with +: take it out"
    case UInt8(ascii: "T") where bytes[1] == UInt8(ascii: "r"),
      UInt8(ascii: "F") where bytes[1] == UInt8(ascii: "a"):
      "true, false and null are written in small letters"
    default:
      lookalike(bytes)
        ?? "a value is expected here: a string, a number, an object, an array, true, false or null"
    }
  }

  /// Where a document, or a line of NDJSON, should have ended.
  static func behindValue(at bytes: UnsafePointer<UInt8>) -> String {
    switch bytes[0] {
    case JSONByte.comma:
      "a comma follows the JSON value: take it out, for lines of NDJSON are no items of an array"
    case JSONByte.openObject:
      "text follows the end of the JSON value; several resources stand on a line each (NDJSON), or in a Bundle"
    default: lookalike(bytes) ?? "text follows the end of the JSON value"
    }
  }

  /// Behind the minus sign of a number.
  static func digit(at bytes: UnsafePointer<UInt8>) -> String {
    bytes[0] == UInt8(ascii: "I") ? noNumber : "a digit is expected here"
  }

  private static let noNumber = "JSON has no NaN and no Infinity: leave the element out"
  private static let comment = "JSON has no comments: take it out"

  /// What editors and programs put where JSON has white space or a quotation mark, and is neither.
  private static func lookalike(_ bytes: UnsafePointer<UInt8>) -> String? {
    switch (bytes[0], bytes[1], bytes[2]) {
    case (0xEF, 0xBB, 0xBF):
      "a byte order mark stands here, which only a file or a line may begin with: take it out"
    case (0xC2, 0xA0, _):
      "a no-break space (U+00A0) stands here, which is no white space in JSON: take it out"
    case (0xE2, 0x80, 0x98...0x9F):
      "a typographic quotation mark stands here; JSON's is the plain double quote"
    case (0x1E, _, _): "a record separator (U+001E) stands here: take it out, for a line feed is enough"
    case (0, _, _): "a zero byte stands here, as in a file that was not written to its end"
    default: nil
    }
  }
}
