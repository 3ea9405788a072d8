import BSON
import CDefinitions
import FHIRModel

/// Subtypes of BSON binary that the project writes.
enum BinarySubtype {
  /// A JSON token (a number, or a string with its quotes) that no BSON type gives back exactly.
  static let token: UInt8 = 0x80
}

extension ResourceEncoder {
  /// Writes the value of a primitive.
  func appendScalar(_ node: Int, type: TypeID?, _ tree: ResourceTree, to writer: inout BSONWriter) {
    let flags = tree.nodes[node].flags
    let text = tree.rawText(node)
    switch flags.kind {
    case .string: appendString(text, isEscaped: flags.contains(.escaped), to: &writer)
    case .number: appendNumber(text, to: &writer)
    case .boolean: writer.append(bool: text.first == UInt8(ascii: "t"))
    case .text: appendText(text, isEscaped: flags.contains(.escaped), type: type, to: &writer)
    case .null, .none, .resource, .emptyArray, .array: writer.appendNull()
    }
  }

  /// Writes a value that came without a JSON type; the definition says which is due.
  private func appendText(
    _ text: UnsafeBufferPointer<UInt8>, isEscaped: Bool, type: TypeID?, to writer: inout BSONWriter
  ) {
    let grammar = type.map { Int(table[$0].grammar) } ?? 0
    switch grammar {
    case Int(GRAMMAR_BOOLEAN.rawValue):
      if text.elementsEqual("true".utf8) {
        writer.append(bool: true)
      } else if text.elementsEqual("false".utf8) {
        writer.append(bool: false)
      } else {
        appendString(text, isEscaped: isEscaped, to: &writer)
      }
    case Int(GRAMMAR_INTEGER.rawValue), Int(GRAMMAR_POSITIVE_INT.rawValue),
      Int(GRAMMAR_UNSIGNED_INT.rawValue),
      Int(GRAMMAR_DECIMAL.rawValue):
      if JSONNumber.isNumber(text) {
        appendNumber(text, to: &writer)
      } else {
        appendString(text, isEscaped: isEscaped, to: &writer)
      }
    default: appendString(text, isEscaped: isEscaped, to: &writer)
    }
  }

  /// Writes a number so that its text comes back: as an integer or a decimal where that renders the same, else as the
  /// token itself.
  private func appendNumber(_ text: UnsafeBufferPointer<UInt8>, to writer: inout BSONWriter) {
    let raw = UnsafeRawBufferPointer(text)
    if let integer = JSONNumber.canonicalInteger(text) {
      if let narrow = Int32(exactly: integer) {
        writer.append(int32: narrow)
      } else {
        writer.append(int64: integer)
      }
    } else if let decimal = Decimal128(exactly: raw) {
      writer.append(decimal128: decimal)
    } else {
      writer.append(binary: raw, subtype: BinarySubtype.token)
    }
  }

  /// Writes a string decoded; one that is no valid Unicode once decoded is kept as the token that it came as.
  private func appendString(_ text: UnsafeBufferPointer<UInt8>, isEscaped: Bool, to writer: inout BSONWriter)
  {
    if !isEscaped {
      if UTF8Text.isValid(text) {
        writer.append(string: UnsafeRawBufferPointer(text))
        return
      }
    } else {
      scratch.count = 0
      if JSONEscapes.decode(text, into: scratch) {
        let decoded = UnsafeBufferPointer(start: scratch.bytes, count: scratch.count)
        if UTF8Text.isValid(decoded) {
          writer.append(string: UnsafeRawBufferPointer(decoded))
          return
        }
      }
    }
    var token: [UInt8] = [UInt8(ascii: "\"")]
    token.append(contentsOf: text)
    token.append(UInt8(ascii: "\""))
    token.withUnsafeBytes { writer.append(binary: $0, subtype: BinarySubtype.token) }
  }
}

/// Numbers as JSON writes them (RFC 8259, section 6).
enum JSONNumber {
  /// The value of an integer whose only spelling is this text: no leading zero, no -0, at most 18 digits.
  @inline(__always)
  static func canonicalInteger(_ text: UnsafeBufferPointer<UInt8>) -> Int64? {
    var at = 0
    let count = text.count
    guard count > 0, count <= 19 else { return nil }
    let isNegative = text[0] == UInt8(ascii: "-")
    if isNegative { at = 1 }
    guard count > at, count - at <= 18 else { return nil }
    if text[at] == UInt8(ascii: "0") { return count == 1 ? 0 : nil }
    var value: Int64 = 0
    while at < count {
      let digit = text[at] &- 0x30
      guard digit <= 9 else { return nil }
      value = value &* 10 &+ Int64(digit)
      at &+= 1
    }
    return isNegative ? -value : value
  }

  /// The shortest text that gives the number back; whole numbers without ".0". nil for infinities and NaN.
  static func text(of number: Double) -> String? {
    guard number.isFinite else { return nil }
    let text = number.description
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  static func isNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var at = 0
    func digits() -> Int {
      let start = at
      while at < text.count, text[at] &- 0x30 <= 9 { at += 1 }
      return at - start
    }
    if at < text.count, text[at] == UInt8(ascii: "-") { at += 1 }
    let whole = at
    let count = digits()
    guard count > 0, count == 1 || text[whole] != UInt8(ascii: "0") else { return false }
    if at < text.count, text[at] == UInt8(ascii: ".") {
      at += 1
      guard digits() > 0 else { return false }
    }
    if at < text.count, text[at] | 0x20 == UInt8(ascii: "e") {
      at += 1
      if at < text.count, text[at] == UInt8(ascii: "-") || text[at] == UInt8(ascii: "+") { at += 1 }
      guard digits() > 0 else { return false }
    }
    return at == text.count
  }
}
