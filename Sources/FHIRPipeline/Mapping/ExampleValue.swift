import BSON
import FHIRMapping
import Foundation
import Yams

/// Values of an example file: YAML as FHIR's JSON has it, or as a stored document does.
enum ExampleValue {
  /// A scalar written plain is a number, true, false or null where it looks like one; quoted it is a text.
  static func value(_ node: Node, isStored: Bool) -> BSONValue {
    switch node {
    case .mapping(let mapping):
      let fields = mapping.map { key, value in
        BSONFields.Field(key.scalar?.string ?? "", self.value(value, isStored: isStored))
      }
      if isStored, fields.count == 1, let typed = typed(fields[0]) { return typed }
      return .document(BSONFields(fields))
    case .sequence(let items): return .array(items.map { value($0, isStored: isStored) })
    case .scalar(let scalar): return self.scalar(scalar, isStored: isStored)
    case .alias: return .null
    }
  }

  static func isNull(_ node: Node) -> Bool {
    guard let scalar = node.scalar, scalar.style == .plain || scalar.style == .any else { return false }
    return ["", "~", "null"].contains(scalar.string)
  }

  private static func scalar(_ scalar: Node.Scalar, isStored: Bool) -> BSONValue {
    let text = scalar.string
    guard scalar.style == .plain || scalar.style == .any else { return .string(text) }
    switch text {
    case "", "~", "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: break
    }
    guard text.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil else {
      return .string(text)
    }
    guard isStored else { return .number(text: text) }
    if let integer = Int64(text) { return Int32(exactly: integer).map { .int32($0) } ?? .int64(integer) }
    return .double(Double(text) ?? 0)
  }

  /// MongoDB's Extended JSON for the types that YAML does not have.
  private static func typed(_ field: BSONFields.Field) -> BSONValue? {
    switch (field.key, field.value) {
    case ("$date", .string(let text)): milliseconds(text).map { .date($0) }
    case ("$oid", .string(let text)): .objectID(hexadecimal: text)
    case ("$numberLong", let value): (value.integer ?? value.text.flatMap { Int64($0) }).map { .int64($0) }
    case ("$numberInt", let value):
      (value.integer ?? value.text.flatMap { Int64($0) }).flatMap { Int32(exactly: $0) }.map { .int32($0) }
    case ("$numberDouble", let value):
      (value.text.flatMap { Double($0) } ?? value.integer.map(Double.init)).map { .double($0) }
    default: nil
    }
  }

  private static func milliseconds(_ text: String) -> Int64? {
    let whole = text.contains("T") ? text : text + "T00:00:00Z"
    let format = Date.ISO8601FormatStyle(includingFractionalSeconds: whole.contains("."))
    guard let date = try? format.parse(whole) else { return nil }
    return Int64((date.timeIntervalSince1970 * 1000).rounded())
  }

  // MARK: Comparing

  /// Where two values differ, and how; nil where they do not. The order of members does not matter.
  ///
  /// - Parameter isPart: of documents only the members that are expected count.
  static func difference(_ expected: BSONValue, _ found: BSONValue?, at path: String, isPart: Bool = false)
    -> String?
  {
    guard let found else {
      return expected == .null ? nil : "\(path): expected \(text(expected)), found nothing"
    }
    switch (expected, found) {
    case (.document(let mine), .document(let theirs)):
      for field in mine.fields {
        let path = path.isEmpty ? field.key : path + "." + field.key
        if let difference = difference(field.value, theirs[field.key], at: path, isPart: isPart) {
          return difference
        }
      }
      guard !isPart, let other = theirs.fields.first(where: { mine[$0.key] == nil }) else { return nil }
      return "\(path.isEmpty ? "" : path + ".")\(other.key): expected nothing, found \(text(other.value))"
    case (.array(let mine), .array(let theirs)):
      for (index, item) in mine.enumerated() where index < theirs.count {
        if let difference = difference(item, theirs[index], at: "\(path)[\(index)]", isPart: isPart) {
          return difference
        }
      }
      if mine.count == theirs.count { return nil }
      return "\(path): expected \(Amount.of(mine.count, "item")), found \(theirs.count)"
    default:
      return isSame(expected, found) ? nil : "\(path): expected \(text(expected)), found \(text(found))"
    }
  }

  private static func isSame(_ expected: BSONValue, _ found: BSONValue) -> Bool {
    if expected == found { return true }
    if case .date(let milliseconds) = found, let text = expected.text {
      return self.milliseconds(text) == milliseconds
    }
    if case .double(let number) = found { return plainNumber(expected) == number }
    return false
  }

  private static func plainNumber(_ value: BSONValue) -> Double? {
    switch value {
    case .int32(let number): Double(number)
    case .int64(let number): Double(number)
    case .double(let number): number
    case .decimal128(let number): Double(number.canonicalText)
    default: nil
    }
  }

  private static func text(_ value: BSONValue) -> String {
    switch value {
    case .string(let text): return text.debugDescription
    case .null: return "nothing"
    case .date(let milliseconds):
      let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
      let text = date.formatted(Date.ISO8601FormatStyle())
      return text.hasSuffix("T00:00:00Z") ? String(text.dropLast(10)) : text
    case .document, .array:
      let whole = (try? BSONDocument(["": value]).extendedJSON())?.dropFirst(7).dropLast(2) ?? "a document"
      return whole.count > 200 ? whole.prefix(200) + "…" : String(whole)
    default:
      return plainNumber(value).map { "\($0)" }.map { $0.hasSuffix(".0") ? String($0.dropLast(2)) : $0 }
        ?? "\(value)"
    }
  }
}
