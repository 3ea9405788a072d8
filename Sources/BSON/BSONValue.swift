/// A value of any BSON type as a tree, for the cold paths: commands, filters, small documents, tests.
@usableFromInline package enum BSONValue: Sendable, Equatable {
  case double(Double)
  case string(String)
  case document(BSONFields)
  case array([BSONValue])
  case binary(subtype: UInt8, [UInt8])
  case objectID([UInt8])
  case bool(Bool)
  /// Milliseconds since 1970-01-01T00:00:00Z.
  case date(Int64)
  case null
  case int32(Int32)
  case int64(Int64)
  case decimal128(Decimal128)
  /// A type that this project never writes (regular expression, timestamp, minKey, …), as its bytes.
  case other(BSONType, [UInt8])

  package var text: String? { if case .string(let text) = self { text } else { nil } }
  package var fields: BSONFields? { if case .document(let fields) = self { fields } else { nil } }
  package var elements: [BSONValue]? { if case .array(let values) = self { values } else { nil } }
  package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// A whole number of either width, or a double that is one.
  package var integer: Int64? {
    switch self {
    case .int32(let value): Int64(value)
    case .int64(let value): value
    case .double(let value): wholeNumber(value)
    default: nil
    }
  }
}

/// The fields of a document, in order.
@usableFromInline package struct BSONFields: Sendable, Equatable {
  @usableFromInline package struct Field: Sendable, Equatable {
    @usableFromInline package var key: String
    @usableFromInline package var value: BSONValue

    @usableFromInline package init(_ key: String, _ value: BSONValue) {
      self.key = key
      self.value = value
    }
  }

  @usableFromInline package var fields: [Field]

  @usableFromInline package init(_ fields: [Field] = []) { self.fields = fields }

  /// The first field of this name. Setting replaces it, adds it at the end, or with nil removes it.
  package subscript(key: String) -> BSONValue? {
    get { fields.first { $0.key == key }?.value }
    set {
      let at = fields.firstIndex { $0.key == key }
      switch (at, newValue) {
      case (let at?, let value?): fields[at].value = value
      case (let at?, nil): fields.remove(at: at)
      case (nil, let value?): fields.append(Field(key, value))
      case (nil, nil): break
      }
    }
  }

  package var keys: [String] { fields.map(\.key) }
}

extension BSONFields: ExpressibleByDictionaryLiteral {
  @usableFromInline package init(dictionaryLiteral elements: (String, BSONValue)...) {
    fields = elements.map { Field($0.0, $0.1) }
  }
}

extension BSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  @usableFromInline package init(stringLiteral value: String) { self = .string(value) }
  /// A number that fits becomes an int32, any other an int64.
  @usableFromInline package init(integerLiteral value: Int64) {
    self = Int32(exactly: value).map(BSONValue.int32) ?? .int64(value)
  }
  @usableFromInline package init(floatLiteral value: Double) { self = .double(value) }
  @usableFromInline package init(booleanLiteral value: Bool) { self = .bool(value) }
  @usableFromInline package init(arrayLiteral elements: BSONValue...) { self = .array(elements) }
  @usableFromInline package init(dictionaryLiteral elements: (String, BSONValue)...) {
    self = .document(BSONFields(elements.map { BSONFields.Field($0.0, $0.1) }))
  }
  @usableFromInline package init(nilLiteral: ()) { self = .null }
}
