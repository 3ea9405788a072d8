extension BSONValue {
  /// An ObjectId by its 24 hexadecimal digits; nil for any other text.
  package static func objectID(hexadecimal text: String) -> BSONValue? {
    guard text.utf8.count == 24 else { return Optional.none }
    var bytes: [UInt8] = []
    var rest = text[...]
    while !rest.isEmpty {
      guard let byte = UInt8(rest.prefix(2), radix: 16), rest.first != "+" else { return Optional.none }
      bytes.append(byte)
      rest = rest.dropFirst(2)
    }
    return .objectID(bytes)
  }
}
