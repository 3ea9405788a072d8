package import BSON
import UCUM

/// The text that a document's `_id` stands for, whatever type an application gave it: what a reference to it says.
///
/// Values that MongoDB takes for one `_id` have one text, and what is a number to it a text that gives it back: `2`, `2.5`. The
/// rest, which hardly anybody uses, is written as Extended JSON.
package enum StoredID {
  package static func text(of id: BSONValue) -> String {
    switch id {
    case .string(let text): text
    case .int32(let number): String(number)
    case .int64(let number): String(number)
    case .double(let number): text(of: number)
    case .decimal128(let number): text(of: number)
    case .objectID(let bytes): Hexadecimal.text(bytes)
    case .binary(subtype: 4, let bytes) where bytes.count == 16: uuid(bytes)
    case .date(let milliseconds) where DateTransform.range.contains(milliseconds):
      Instant(milliseconds: milliseconds).text
    case .bool(let value): String(value)
    case .null: "null"
    case .other(let type, let bytes) where !bytes.isEmpty: "\(type):" + Hexadecimal.text(bytes)
    case .document, .array: withPlainNumbers(id).extendedJSON
    default: id.extendedJSON
    }
  }

  /// What is compound with its numbers as integers, or as doubles: MongoDB does not tell them apart by their types there either.
  private static func withPlainNumbers(_ value: BSONValue) -> BSONValue {
    switch value {
    case .document(let fields):
      .document(BSONFields(fields.fields.map { .init($0.key, withPlainNumbers($0.value)) }))
    case .array(let items): .array(items.map(withPlainNumbers))
    case .int32, .int64, .double, .decimal128: plainNumber(value)
    default: value
    }
  }

  private static func plainNumber(_ number: BSONValue) -> BSONValue {
    let text = text(of: number)
    if let whole = Int64(text) { return Int32(exactly: whole).map { .int32($0) } ?? .int64(whole) }
    if let double = Double(text), self.text(of: .double(double)) == text { return .double(double) }
    return number
  }

  /// The id that a field names a document by: of a list, the only one in it. nil where it names none.
  package static func text(_ element: BSONElement) -> String? {
    if let text = element.text { return text }
    return value(element).map { text(of: $0) }
  }

  /// The same, as it stands there.
  package static func value(_ element: BSONElement) -> BSONValue? {
    (try? BSONValue(element)).flatMap { named(by: $0) }
  }

  /// Hands over the ids in a list that an application keeps, or the one that stands in its place.
  package static func forEach(in element: BSONElement, _ body: (String) -> Void) throws {
    guard let items = element.array else {
      if let id = text(element) { body(id) }
      return
    }
    try items.forEachElement { if let id = text($0) { body(id) } }
  }

  /// The same of a value by itself.
  package static func named(by value: BSONValue) -> BSONValue? {
    switch value {
    case .null: return Optional.none
    case .array(let items):
      let said = items.filter { $0 != .null && $0 != "" }.unique
      guard said.count == 1, let only = said.first else { return Optional.none }
      if case .array = only { return Optional.none }
      return only
    default: return value
    }
  }

  /// What a text may stand for as an `_id`: itself, and what else has this text. What has no text that FHIR allows as an id is
  /// not among them.
  package static func values(of text: String) -> [BSONValue] {
    var values = [BSONValue.string(text)]
    func add(_ value: BSONValue?) {
      if let value, self.text(of: value) == text { values.append(value) }
    }
    if let number = Int64(text) {
      add(.int64(number))
    } else {
      add(Double(text).map { .double($0) })
      add(Array(text.utf8).withUnsafeBytes { Decimal128(valueOf: $0) }.map { .decimal128($0) })
    }
    add(BSONValue.objectID(hexadecimal: text))
    add(BSONValue.uuid(text: text))
    for value in [BSONValue.bool(true), .bool(false), .null] { add(value) }
    return values
  }

  private static func text(of number: Double) -> String {
    if let whole = BSONValue.double(number).integer { return String(whole) }
    if number.isNaN { return "NaN" }
    return number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : plain(number.description)
  }

  /// As the integer or the double of the same value, which MongoDB takes for the same; else with the fewest digits.
  private static func text(of decimal: Decimal128) -> String {
    let text = plain(decimal.canonicalText)
    if let double = Double(text) {
      let other = self.text(of: double)
      if ExactNumber(decimal: text).map({ $0 == ExactNumber(decimal: other) }) ?? (text == other) {
        return other
      }
    }
    let parts = text.split(separator: "E", maxSplits: 1)
    guard let digits = parts.first, digits.contains(".") else { return text }
    let fewest = digits.reversed().drop { $0 == "0" }.drop { $0 == "." }.reversed()
    return String(fewest) + parts.dropFirst().map { "E" + $0 }.joined()
  }

  /// Without a `+`, which no id has.
  private static func plain(_ number: String) -> String { number.filter { $0 != "+" } }

  /// A UUID as it is written: groups of 8, 4, 4, 4 and 12 digits.
  private static func uuid(_ bytes: [UInt8]) -> String {
    [bytes[0..<4], bytes[4..<6], bytes[6..<8], bytes[8..<10], bytes[10..<16]].map { Hexadecimal.text($0) }
      .joined(separator: "-")
  }
}
