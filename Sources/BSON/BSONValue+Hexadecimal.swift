extension BSONValue {
  /// An ObjectId by its 24 hexadecimal digits; nil for any other text.
  package static func objectID(hexadecimal text: String) -> BSONValue? {
    octets(text, count: 12).map { .objectID($0) }
  }

  /// A UUID by its 32 hexadecimal digits in five groups; nil for any other text.
  package static func uuid(text: String) -> BSONValue? {
    guard text.split(separator: "-").map(\.utf8.count) == [8, 4, 4, 4, 12] else { return Optional.none }
    return octets(text.filter { $0 != "-" }, count: 16).map { .binary(subtype: 4, $0) }
  }

  /// The bytes of which these are the hexadecimal digits, if they are so many.
  private static func octets(_ text: String, count: Int) -> [UInt8]? {
    guard text.utf8.count == 2 * count else { return Optional.none }
    var bytes: [UInt8] = []
    var rest = text[...]
    while !rest.isEmpty {
      guard let byte = UInt8(rest.prefix(2), radix: 16), rest.first != "+" else { return Optional.none }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
