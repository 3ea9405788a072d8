extension BSONDocument {
  /// - Throws: `nulInKey` for a name with U+0000, `tooDeep`, `tooLarge`.
  package init(_ fields: BSONFields) throws(BSONError) {
    var writer = BSONWriter(capacity: 512)
    writer.beginDocument()
    try writer.append(fields: fields, depth: 1)
    writer.endDocument()
    self = try writer.finish()
  }

  /// The document as a tree.
  package func fields() throws(BSONError) -> BSONFields {
    try shared.withUnsafeBytes { (bytes) throws(BSONError) in try BSONFields(BSONView(checked: bytes)) }
  }
}

extension BSONDocument: ExpressibleByDictionaryLiteral {
  /// A document written down in the program; a name with U+0000 in it is a bug.
  @usableFromInline package init(dictionaryLiteral elements: (String, BSONValue)...) {
    do throws(BSONError) {
      try self.init(BSONFields(elements.map { BSONFields.Field($0.0, $0.1) }))
    } catch {
      preconditionFailure("a document literal: \(error)")
    }
  }
}

extension BSONWriter {
  /// Appends every field of the tree to the open document.
  package mutating func append(fields: BSONFields) throws(BSONError) {
    try append(fields: fields, depth: depth)
  }

  /// Appends a tree as a value.
  package mutating func append(_ value: BSONValue) throws(BSONError) { try append(value, depth: depth) }

  fileprivate mutating func append(fields: BSONFields, depth: Int) throws(BSONError) {
    for field in fields.fields {
      try key(string: field.key)
      try append(field.value, depth: depth)
    }
  }

  fileprivate mutating func append(_ value: BSONValue, depth: Int) throws(BSONError) {
    switch value {
    case .double(let value): append(double: value)
    case .string(let value): append(string: value)
    case .bool(let value): append(bool: value)
    case .date(let value): append(date: value)
    case .null: appendNull()
    case .int32(let value): append(int32: value)
    case .int64(let value): append(int64: value)
    case .decimal128(let value): append(decimal128: value)
    case .binary(let subtype, let bytes): bytes.withUnsafeBytes { append(binary: $0, subtype: subtype) }
    case .objectID(let bytes):
      precondition(bytes.count == 12, "an ObjectId has twelve bytes")
      bytes.withUnsafeBytes { append(raw: $0, type: .objectID) }
    case .other(let type, let bytes): bytes.withUnsafeBytes { append(raw: $0, type: type) }
    case .document(let fields):
      guard depth < BSONLimit.depth else { throw BSONError(.tooDeep) }
      beginDocument()
      try append(fields: fields, depth: depth + 1)
      endDocument()
    case .array(let values):
      guard depth < BSONLimit.depth else { throw BSONError(.tooDeep) }
      beginArray()
      for value in values { try append(value, depth: depth + 1) }
      endArray()
    }
  }
}

extension BSONFields {
  package init(_ view: BSONView) throws(BSONError) { try self.init(view, depth: 1) }

  fileprivate init(_ view: BSONView, depth: Int) throws(BSONError) {
    fields = []
    var iterator = view.makeIterator()
    while let element = try iterator.next() {
      fields.append(Field(element.name, try BSONValue(element, depth: depth)))
    }
  }
}

extension BSONValue {
  package init(_ element: BSONElement) throws(BSONError) { try self.init(element, depth: 1) }

  fileprivate init(_ element: BSONElement, depth: Int) throws(BSONError) {
    if let view = element.container {
      guard depth < BSONLimit.depth else { throw BSONError(.tooDeep) }
      if element.type == .document {
        self = .document(try BSONFields(view, depth: depth + 1))
      } else {
        var values: [BSONValue] = []
        var iterator = view.makeIterator()
        while let element = try iterator.next() { values.append(try BSONValue(element, depth: depth + 1)) }
        self = .array(values)
      }
    } else {
      self = BSONValue(scalar: element)
    }
  }

  private init(scalar element: BSONElement) {
    let known: BSONValue? =
      switch element.type {
      case .double: element.double.map(BSONValue.double)
      case .string: element.text.map(BSONValue.string)
      case .binary: element.binary.map { .binary(subtype: $0.subtype, [UInt8]($0.bytes)) }
      case .objectID: element.objectID.map { .objectID([UInt8]($0)) }
      case .bool: element.bool.map(BSONValue.bool)
      case .date: element.date.map(BSONValue.date)
      case .null: .some(.null)
      case .int32: element.int32.map(BSONValue.int32)
      case .int64: element.int64.map(BSONValue.int64)
      case .decimal128: element.decimal128.map(BSONValue.decimal128)
      default: nil
      }
    self = known ?? .other(element.type, [UInt8](element.value))
  }
}
