extension BSONDocument {
  /// The document as text, every type distinguishable: canonical MongoDB Extended JSON 2.
  ///
  /// - Parameter isIndented: a field a line, for people and for golden tests; else all in one line.
  ///
  /// See https://github.com/mongodb/specifications/blob/master/source/extended-json/extended-json.md
  package func extendedJSON(isIndented: Bool = false) throws(BSONError) -> String {
    var text = ExtendedJSON(isIndented: isIndented)
    text.append(.document(try fields()))
    return text.text
  }
}

extension BSONValue {
  /// The value as canonical Extended JSON, in one line.
  package var extendedJSON: String {
    var text = ExtendedJSON(isIndented: false)
    text.append(self)
    return text.text
  }
}

private struct ExtendedJSON {
  let isIndented: Bool
  var text = ""
  private var level = 0

  init(isIndented: Bool) { self.isIndented = isIndented }

  mutating func append(_ value: BSONValue) {
    switch value {
    case .document(let fields):
      list("{", "}", fields.fields) { text, field in
        text.quote(field.key)
        text.text += text.isIndented ? ": " : " : "
        text.append(field.value)
      }
    case .array(let values): list("[", "]", values) { text, value in text.append(value) }
    case .string(let string): quote(string)
    case .bool(let value): text += value ? "true" : "false"
    case .null: text += "null"
    case .int32(let value): typed("numberInt", "\(value)")
    case .int64(let value): typed("numberLong", "\(value)")
    case .double(let value): typed("numberDouble", Self.name(value))
    case .decimal128(let value): typed("numberDecimal", value.canonicalText)
    case .date(let value): wrapped("date") { $0.typed("numberLong", "\(value)") }
    case .objectID(let bytes): typed("oid", bytes.map(Self.hexadecimal).joined())
    case .binary(let subtype, let bytes):
      let base64 = #"{ "base64" : "\#(Self.base64(bytes))", "subType" : "\#(Self.hexadecimal(subtype))" }"#
      wrapped("binary") { $0.text += base64 }
    case .other(let type, let bytes): other(type, bytes)
    }
  }

  /// The types that this project never writes. Code, pointers and symbols are deprecated: only their kind is said.
  private mutating func other(_ type: BSONType, _ bytes: [UInt8]) {
    switch type {
    case .regex:
      let parts = bytes.split(separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
      wrapped("regularExpression") { text in
        text.text += #"{ "pattern" : "#
        text.quote(String(decoding: parts[0], as: UTF8.self))
        text.text += #", "options" : "#
        text.quote(String(decoding: parts.count > 1 ? parts[1] : [], as: UTF8.self))
        text.text += " }"
      }
    case .timestamp:
      let words = bytes.withUnsafeBytes { bytes in
        (0..<2).map { UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)) }
      }
      wrapped("timestamp") { $0.text += #"{ "t" : \#(words[1]), "i" : \#(words[0]) }"# }
    case .minKey: wrapped("minKey") { $0.text += "1" }
    case .maxKey: wrapped("maxKey") { $0.text += "1" }
    case .undefined: wrapped("undefined") { $0.text += "true" }
    default: typed("unsupported", "\(type)")
    }
  }

  private mutating func list<Item>(
    _ open: String, _ close: String, _ items: [Item], _ body: (inout ExtendedJSON, Item) -> Void
  ) {
    text += open
    level += 1
    for (index, item) in items.enumerated() {
      if index > 0 { text += "," }
      breakLine()
      body(&self, item)
    }
    level -= 1
    if isIndented ? !items.isEmpty : true { breakLine() }
    text += close
  }

  private mutating func breakLine() {
    text += isIndented ? "\n" + String(repeating: "  ", count: level) : " "
  }

  private mutating func typed(_ name: String, _ value: String) {
    text += #"{ "$\#(name)" : "\#(value)" }"#
  }

  private mutating func wrapped(_ name: String, _ body: (inout ExtendedJSON) -> Void) {
    text += #"{ "$\#(name)" : "#
    body(&self)
    text += " }"
  }

  private mutating func quote(_ string: String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{8}": text += "\\b"
      case "\u{C}": text += "\\f"
      case "\u{0}"..."\u{1F}": text += "\\u00" + Self.hexadecimal(UInt8(scalar.value))
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  private static func name(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    return value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : "\(value)"
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }

  private static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".unicodeScalars)
    var text = ""
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.reduce(0) { $0 << 8 | UInt32($1) } << (8 * (3 - UInt32(group.count)))
      for digit in 0..<4 {
        if digit <= group.count {
          text.unicodeScalars.append(alphabet[Int(bits >> (18 - 6 * UInt32(digit))) & 63])
        } else {
          text += "="
        }
      }
    }
    return text
  }
}
