package import BSON
import FHIRMapping
import Foundation

/// What exported resources say, as texts and words: whether a value of a document, drifted as it may be, is said there.
package struct CarriedTexts {
  package private(set) var texts: Set<String> = []
  private var words: Set<String> = []

  package init() {}

  /// Takes a text of a resource: an attachment's is what it holds, too, and a reference names an id.
  package mutating func add(_ text: String) {
    if let bytes = Data(base64Encoded: text), let note = String(bytes: bytes, encoding: .utf8) {
      insert(note)
    }
    if let slash = text.lastIndex(of: "/"), text.hasPrefix("P") {
      insert(String(text[text.index(after: slash)...]))
    } else {
      insert(text)
    }
  }

  private mutating func insert(_ text: String) {
    texts.insert(text)
    words.formUnion(CarriedTexts.words(text))
  }

  /// The values within a value that no text says.
  package func missing(from value: BSONValue) -> [BSONValue] {
    CarriedTexts.leaves(value).filter { !CarriedTexts.meanings(of: $0).contains(where: has) }
  }

  /// Whether all of a text's words stand there.
  private func has(_ text: String) -> Bool {
    texts.contains(text) || CarriedTexts.words(text).allSatisfy(words.contains)
  }

  private static func words(_ text: String) -> [String] {
    text.split { $0.isWhitespace || $0 == "," || $0 == ";" || $0 == "/" }.map(String.init)
  }

  private static func leaves(_ value: BSONValue) -> [BSONValue] {
    switch value {
    case .array(let items): items.flatMap { leaves($0) }
    case .document(let fields): fields.fields.flatMap { leaves($0.value) }
    case .null: []
    case .string(let text): text.allSatisfy { $0.isWhitespace || $0 == "," } ? [] : [value]
    default: [value]
    }
  }

  /// How a value may be said: any of the texts, all words of it.
  private static func meanings(of leaf: BSONValue) -> [String] {
    switch leaf {
    case .string(let text):
      let plain = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      var meant = [text, plain]
      if let other = understood[plain] {
        // A day, where the element has no more.
        meant += [other] + (other.hasSuffix("T00:00:00Z") ? [String(other.prefix(10))] : [])
      }
      if plain.count == 9, plain.allSatisfy(\.isNumber) { meant.append("0" + plain) }
      // 072.50 is 72.50, and 120.50/080 mmHg two such numbers.
      let numbers = plain.split(separator: "/").map { part in
        part.split(separator: " ").first.map { digits(String($0)) } ?? ""
      }
      meant.append(numbers.joined(separator: " "))
      return meant
    case .int32(let number): return phones(String(number))
    case .int64(let number): return phones(String(number))
    case .double(-0.0): return ["0", "-0"]
    case .double(let number):
      return number == number.rounded() && abs(number) < 1e15
        ? phones(String(Int64(number))) : [number.description, number.description.replacing("+", with: "")]
    case .decimal128(let number):
      let text = number.canonicalText
      return [text, understood[text] ?? digits(text)]
    case .date(let milliseconds):
      let text = StoredID.text(of: leaf)
      return milliseconds % 86_400_000 == 0 ? [text, String(text.prefix(10))] : [text]
    case .objectID, .bool: return [StoredID.text(of: leaf)]
    case .binary(subtype: 4, let bytes) where bytes.count == 16: return [StoredID.text(of: leaf)]
    default: return []
    }
  }

  /// A number that lost its zero.
  private static func phones(_ digits: String) -> [String] {
    digits.count == 9 ? [digits, "0" + digits] : [digits]
  }

  /// The number at the beginning of a text, without zeros that say nothing.
  private static func digits(_ text: String) -> String {
    var text = text.prefix { $0.isNumber || $0 == "." || $0 == "-" || $0 == "+" }
    if text.hasPrefix("+") { text = text.dropFirst() }
    while text.hasPrefix("0"), text.dropFirst().first?.isNumber == true { text = text.dropFirst() }
    if text.hasPrefix(".") { return "0" + text }
    return text.hasSuffix(".") ? String(text.dropLast()) : String(text)
  }

  /// What is said in other words.
  private static let understood = [
    "12/31/1980": "1980-12-31", "31.12.1980": "1980-12-31", "Dec 31, 1980": "1980-12-31",
    "1980-12-31T00:00:00Z": "1980-12-31",
    "1980-12-31 10:00:00": "1980-12-31T10:00:00Z", "2024-03-01 09:00": "2024-03-01T09:00:00Z",
    "2024-03-01T09:00": "2024-03-01T09:00:00Z", "2023-12-31T24:00:00Z": "2024-01-01T00:00:00Z",
    "2024-03-01T09:00:00+0100": "2024-03-01T09:00:00+01:00",
    "English": "en", "english": "en", "Spanish": "es", "FRENCH": "fr",
    "pt_BR": "pt-BR", "5'10\"": "70", "5'10": "70", "1e5": "100000", "1E+3": "1000",
    "Completed": "completed", "COMPLETED": "completed", "Re-Scheduled": "rescheduled",
    "canceled": "cancelled", "e11.9": "E11.9", "E119": "E11.9", "i10": "I10",
    "No Show": "no-show", "noshow": "no-show", "missed": "no-show", "Billed": "billed",
  ]
}
