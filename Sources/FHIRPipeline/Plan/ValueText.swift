import BSON
import Foundation

/// A value of a document as JSON that people can read: dates as texts, numbers as they are.
enum ValueText {
  static func json(_ value: BSONValue) -> String {
    switch value {
    case .string(let text): return JSONText.quoted(text)
    case .bool(let value): return value ? "true" : "false"
    case .null: return "null"
    case .int32(let number): return String(number)
    case .int64(let number): return String(number)
    case .double(let number): return number.isFinite ? String(number) : JSONText.quoted(String(number))
    case .decimal128(let number):
      let text = number.canonicalText
      return text.contains { $0.isLetter && $0 != "E" } ? JSONText.quoted(text) : text
    case .date(let milliseconds): return JSONText.quoted(date(milliseconds))
    case .objectID(let octets): return JSONText.quoted(hexadecimal(octets))
    case .document(let fields): return JSONText.object(fields.fields.map { ($0.key, json($0.value)) })
    case .array(let items): return JSONText.array(items.map(json))
    case .binary(_, let octets):
      // Numbers that no type of BSON holds exactly are kept as their text.
      return JSONText.quoted(String(validating: octets, as: UTF8.self) ?? hexadecimal(octets))
    case .other: return JSONText.quoted("a value of another type")
    }
  }

  private static func date(_ milliseconds: Int64) -> String {
    // Years 1 to 9999; what lies outside is no date that a person would know.
    guard (-62_135_596_800_000...253_402_300_799_999).contains(milliseconds) else {
      return "\(milliseconds) ms since 1970"
    }
    let seconds = Double(milliseconds) / 1000
    return Date(timeIntervalSince1970: seconds)
      .ISO8601Format(.init(includingFractionalSeconds: milliseconds % 1000 != 0))
  }

  private static func hexadecimal(_ octets: [UInt8]) -> String {
    octets.map { (($0 < 16) ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
