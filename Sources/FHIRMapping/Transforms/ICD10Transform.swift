import BSON

/// A code of ICD-10 or ICD-10-CM.
///
/// Drift: lower case, without its full stop, several codes in one text. What is no such code is carried as it is, and told.
///
/// See http://hl7.org/fhir/R4/icd.html
struct ICD10Transform: TextualTransform {
  static let name = "icd_10"
  static let types = ["code"]

  init(_ arguments: TransformArguments) throws(MappingError) { try arguments.expectNone(of: Self.name) }

  func accept(text: String) -> AcceptedValue {
    if let code = ICD10Transform.code(text) { return .value(.string(code)) }
    // FHIR's codes are words joined by single spaces.
    let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return .doubtful(
      .string(words),
      ICD10Transform.codes(words).isEmpty
        ? "this is no code of ICD-10: expected one such as E11.9"
        : "several codes stand in one text: each was taken by itself")
  }

  func meant(by items: [BSONValue], beside values: @autoclosure () -> [BSONValue]) -> [BSONValue] {
    let values = values()
    func known(_ item: BSONValue) -> BSONValue? {
      if values.contains(item) { return item }
      guard let code = item.text.flatMap({ ICD10Transform.code($0) }) else { return nil }
      return values.first { $0.text.flatMap { ICD10Transform.code($0) } == code }
    }
    return items.flatMap { item in
      if let known = known(item) { return [known] }
      let codes = item.text.map { ICD10Transform.codes($0) } ?? []
      return codes.isEmpty ? [item] : codes.map { known(.string($0)) ?? .string($0) }
    }
  }

  /// The codes of a text that holds several of them, and nothing else; else none.
  private static func codes(_ text: String) -> [String] {
    let pieces = text.pieces { $0 <= 0x20 || separators.contains($0) }
    let codes = pieces.compactMap { code($0) }
    return codes.count > 1 && codes.count == pieces.count ? codes : []
  }

  private static let separators = Array(",;/|".utf8)

  /// A code as it is written, in upper case and with its full stop; nil for what is none.
  ///
  /// A letter, a digit, a digit (or A or B), and behind a full stop up to four digits or letters.
  static func code(_ text: String) -> String? {
    var letters: [UInt8] = []
    for byte in text.utf8 {
      if letters.count == 3, byte == UInt8(ascii: ".") {
        letters.append(byte)
        continue
      }
      let upper = byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") ? byte &- 0x20 : byte
      let isDigit = upper &- 0x30 <= 9
      let isLetter = upper >= UInt8(ascii: "A") && upper <= UInt8(ascii: "Z")
      switch letters.count {
      case 0: guard isLetter else { return nil }
      case 1: guard isDigit else { return nil }
      case 2: guard isDigit || upper == UInt8(ascii: "A") || upper == UInt8(ascii: "B") else { return nil }
      case 3:
        guard isDigit || isLetter else { return nil }
        letters.append(UInt8(ascii: "."))
      default: guard letters.count < 8, isDigit || isLetter else { return nil }
      }
      letters.append(upper)
    }
    guard letters.count >= 3, letters.last != UInt8(ascii: ".") else { return nil }
    return String(decoding: letters, as: UTF8.self)
  }
}
