/// Why bytes are not a BSON document, or cannot become one.
@usableFromInline package struct BSONError: Error, Equatable, Sendable, CustomStringConvertible {
  @usableFromInline package enum Code: String, Sendable {
    case truncated = "bson-truncated"
    case badLength = "bson-bad-length"
    case missingTerminator = "bson-missing-terminator"
    case unknownType = "bson-unknown-type"
    case badValue = "bson-bad-value"
    case invalidUTF8 = "bson-invalid-utf8"
    case tooDeep = "bson-too-deep"
    case tooLarge = "bson-too-large"
    case nulInKey = "bson-nul-in-key"
  }

  @usableFromInline package let code: Code
  /// The byte, counted from the start of the document or subdocument that was read.
  @usableFromInline package let offset: Int

  @usableFromInline package init(_ code: Code, at offset: Int = 0) {
    self.code = code
    self.offset = offset
  }

  @usableFromInline package var description: String {
    switch code {
    case .truncated: "the document ends inside an element (byte \(offset))"
    case .badLength: "a length does not fit the bytes that are there (byte \(offset))"
    case .missingTerminator: "a string or document does not end with a zero byte (byte \(offset))"
    case .unknownType: "an element has a type that BSON does not define (byte \(offset))"
    case .badValue: "a boolean is neither 0 nor 1 (byte \(offset))"
    case .invalidUTF8: "a text is not valid UTF-8 (byte \(offset))"
    case .tooDeep: "documents nest deeper than \(BSONLimit.depth) levels"
    case .tooLarge: "the document is larger than BSON can hold (2 GB)"
    case .nulInKey: "a field name holds the character U+0000, which BSON cannot store in a name"
    }
  }
}
