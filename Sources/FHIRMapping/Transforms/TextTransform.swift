import BSON

/// A text as it stands.
struct TextTransform: TextualTransform {
  static let name = "text"
  static let types = ["string", "code", "id", "uri", "url", "canonical", "oid", "uuid", "markdown"]

  let type: String
  /// The codes of which the element must have one.
  let codes: Set<String>?
  /// Whether any text may stand in the element.
  var isFree: Bool { type == "string" || type == "markdown" }

  init(_ arguments: TransformArguments) throws(MappingError) {
    try arguments.expectNone(of: Self.name)
    type = arguments.elementType
    codes = arguments.codes
  }

  func accept(text: String) -> AcceptedValue {
    switch type {
    case "string", "markdown": return .value(.string(text))
    case "code":
      // Words joined by single spaces.
      let code = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      guard let codes, !codes.contains(code) else { return .value(.string(code)) }
      return .refused("expected a code that R4 has here: " + listed(codes))
    case "id":
      return DocumentID.isFHIRID(text)
        ? .value(.string(text)) : .refused("expected up to 64 letters, digits, hyphens and dots")
    default:
      return text.contains(where: \.isWhitespace)
        ? .refused("expected a \(type), which has no white space") : .value(.string(text))
    }
  }

  private func listed(_ codes: Set<String>) -> String {
    let sorted = codes.sorted()
    return sorted.prefix(12).joined(separator: ", ") + (sorted.count > 12 ? ", …" : "")
  }

  /// A text, or a whole number that stands for the text of its digits.
  static func text(_ stored: BSONValue) -> AcceptedValue {
    switch stored {
    case .null: return .absent
    case .string: return stored.trimmedText.map { .value(.string($0)) } ?? .absent
    case .objectID: return .value(.string(StoredID.text(of: stored)))
    case .binary(subtype: 4, let bytes) where bytes.count == 16:
      return .value(.string(StoredID.text(of: stored)))
    case .decimal128(let number):
      let digits = number.canonicalText
      return digits.utf8.allSatisfy { $0 &- 0x30 <= 9 }
        ? .value(.string(digits)) : .refused("expected a text")
    default:
      guard let integer = stored.integer else { return .refused("expected a text") }
      return .value(.string(String(integer)))
    }
  }
}

/// A telephone number. A number of nine bare digits lost its leading zero on the way through an integer.
struct PhoneTransform: TextualTransform {
  static let name = "phone"
  static let types = ["string"]

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func accept(text: String) -> AcceptedValue {
    let digits = text.utf8.count == 9 && text.utf8.allSatisfy { $0 &- 0x30 <= 9 }
    return .value(.string(digits ? "0" + text : text))
  }
}

/// A National Provider Identifier: ten digits, the last a check digit.
///
/// See http://hl7.org/fhir/R4/identifier-registry.html and 45 CFR 162.406
struct NPITransform: TextualTransform {
  static let name = "npi"
  static let types = ["string"]

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func accept(text: String) -> AcceptedValue {
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
