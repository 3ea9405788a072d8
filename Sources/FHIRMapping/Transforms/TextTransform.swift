import BSON

/// A text as it stands.
struct TextTransform: FieldTransform {
  static let name = "text"
  static let types = ["string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown"]

  let shape = FieldShape.string

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func read(_ element: BSONValue) -> BSONValue? { element.saying }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? { value.text.map { .string($0) } }

  func accept(_ stored: BSONValue) -> AcceptedValue { TextTransform.text(stored) }

  /// A text, or a whole number that stands for the text of its digits.
  static func text(_ stored: BSONValue) -> AcceptedValue {
    switch stored {
    case .null: return .absent
    case .string: return stored.trimmedText.map { .value(.string($0)) } ?? .absent
    case .objectID(let bytes): return .value(.string(Hexadecimal.text(bytes)))
    default:
      guard let integer = stored.integer else { return .refused("expected a text") }
      return .value(.string(String(integer)))
    }
  }
}

/// A telephone number. A number of nine bare digits lost its leading zero on the way through an integer.
struct PhoneTransform: FieldTransform {
  static let name = "phone"
  static let types = ["string"]

  let shape = FieldShape.string

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func read(_ element: BSONValue) -> BSONValue? { element.saying }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? { value.text.map { .string($0) } }

  func accept(_ stored: BSONValue) -> AcceptedValue {
    guard case .value(.string(let text)) = TextTransform.text(stored) else {
      return TextTransform.text(stored)
    }
    let digits = text.utf8.count == 9 && text.utf8.allSatisfy { $0 &- 0x30 <= 9 }
    return .value(.string(digits ? "0" + text : text))
  }
}

/// A National Provider Identifier: ten digits, the last a check digit.
///
/// See http://hl7.org/fhir/R4/identifier-registry.html and 45 CFR 162.406
struct NPITransform: FieldTransform {
  static let name = "npi"
  static let types = ["string"]

  let shape = FieldShape.string

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func read(_ element: BSONValue) -> BSONValue? { element.saying }

  func write(_ value: BSONValue, over element: BSONValue?) -> BSONValue? { value.text.map { .string($0) } }

  func accept(_ stored: BSONValue) -> AcceptedValue {
    guard case .value(.string(let text)) = TextTransform.text(stored) else {
      return TextTransform.text(stored)
    }
    return NPITransform.isValid(text)
      ? .value(.string(text))
      : .doubtful(.string(text), "this is no NPI: expected ten digits that pass the Luhn check")
  }

  /// Luhn's check over the digits with the prefix 80840.
  static func isValid(_ text: String) -> Bool {
    let digits = Array(text.utf8)
    guard digits.count == 10, digits.allSatisfy({ $0 &- 0x30 <= 9 }) else { return false }
    // The prefix adds 24, whatever follows it.
    var sum = 24
    for (place, digit) in digits.reversed().enumerated() {
      let value = Int(digit &- 0x30)
      let weighed = place % 2 == 1 ? value * 2 : value
      sum += weighed > 9 ? weighed - 9 : weighed
    }
    return sum % 10 == 0
  }
}
