/// Name and value in one call; each is `key(_:)` followed by the value's own `append`.
extension BSONWriter {
  @inlinable package mutating func append(_ key: BSONKey, string utf8: UnsafeRawBufferPointer) {
    self.key(key)
    append(string: utf8)
  }

  package mutating func append(_ key: BSONKey, string: String) {
    self.key(key)
    append(string: string)
  }

  @inlinable package mutating func append(_ key: BSONKey, string: StaticString) {
    self.key(key)
    append(string: string)
  }

  @inlinable package mutating func append(
    _ key: BSONKey, binary bytes: UnsafeRawBufferPointer, subtype: UInt8 = 0
  ) {
    self.key(key)
    append(binary: bytes, subtype: subtype)
  }

  @inlinable package mutating func append(_ key: BSONKey, int32 value: Int32) {
    self.key(key)
    append(int32: value)
  }

  @inlinable package mutating func append(_ key: BSONKey, int64 value: Int64) {
    self.key(key)
    append(int64: value)
  }

  @inlinable package mutating func append(_ key: BSONKey, double value: Double) {
    self.key(key)
    append(double: value)
  }

  @inlinable package mutating func append(_ key: BSONKey, bool value: Bool) {
    self.key(key)
    append(bool: value)
  }

  @inlinable package mutating func appendNull(_ key: BSONKey) {
    self.key(key)
    appendNull()
  }

  @inlinable package mutating func append(_ key: BSONKey, date milliseconds: Int64) {
    self.key(key)
    append(date: milliseconds)
  }

  @inlinable package mutating func append(_ key: BSONKey, decimal128 value: Decimal128) {
    self.key(key)
    append(decimal128: value)
  }

  @inlinable package mutating func append(_ key: BSONKey, valueOf element: BSONElement) {
    self.key(key)
    append(valueOf: element)
  }

  @inlinable package mutating func append(_ key: BSONKey, raw bytes: UnsafeRawBufferPointer, type: BSONType) {
    self.key(key)
    append(raw: bytes, type: type)
  }

  @inlinable package mutating func append(_ key: BSONKey, document view: BSONView) {
    self.key(key)
    append(document: view)
  }

  package mutating func append(_ key: BSONKey, document: BSONDocument) {
    self.key(key)
    append(document: document)
  }

  @inlinable package mutating func append(_ key: BSONKey, array view: BSONView) {
    self.key(key)
    append(array: view)
  }
}
