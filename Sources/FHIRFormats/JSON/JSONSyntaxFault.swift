/// What to say where JSON has something else than was expected: the usual slips are called by their names.
enum JSONSyntaxFault {
  /// Where a member's name was expected.
  static func name(at byte: UInt8) -> String {
    switch byte {
    case JSONByte.closeObject: "a comma stands before the end of the object: take it out"
    case UInt8(ascii: "/"), UInt8(ascii: "#"): comment
    case UInt8(ascii: "'"): "a member's name stands in double quotes, not in single ones"
    default: "a member's name in double quotes is expected here"
    }
  }

  /// Where a value was expected; as an item of an array, one that follows a comma.
  static func value(at byte: UInt8, isItem: Bool) -> String {
    switch byte {
    case JSONByte.closeArray where isItem: "a comma stands before the end of the array: take it out"
    case UInt8(ascii: "/"), UInt8(ascii: "#"): comment
    case UInt8(ascii: "'"): "a string stands in double quotes, not in single ones"
    default: "a value is expected here: a string, a number, an object, an array, true, false or null"
    }
  }

  private static let comment = "JSON has no comments: take it out"
}
