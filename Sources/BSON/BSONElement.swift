/// One element of a document: its name, its type, and the bytes of its value, all where they lie.
///
/// An accessor is nil where the element has another type. Lengths and terminators were checked when it was read.
@usableFromInline package struct BSONElement {
  @usableFromInline package let type: BSONType
  /// The name, without its terminating zero.
  @usableFromInline package let key: UnsafeRawBufferPointer
  /// The value as BSON writes it, a text's length and terminator included.
  @usableFromInline package let value: UnsafeRawBufferPointer

  @inlinable init(type: BSONType, key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
    self.type = type
    self.key = key
    self.value = value
  }

  @inlinable package func hasKey(_ name: BSONKey) -> Bool { name.equals(key) }

  /// The name as a String; bytes that are not UTF-8 are repaired.
  package var name: String { String(decoding: key, as: UTF8.self) }

  /// A text's UTF-8, without length and terminator.
  @inlinable package var string: UnsafeRawBufferPointer? {
    type == .string ? UnsafeRawBufferPointer(rebasing: value[4..<(value.count &- 1)]) : nil
  }

  /// A text as a String; bytes that are not UTF-8 are repaired.
  package var text: String? { string.map { String(decoding: $0, as: UTF8.self) } }

  @inlinable package var int32: Int32? {
    type == .int32 ? Int32(littleEndian: value.loadUnaligned(as: Int32.self)) : nil
  }

  @inlinable package var int64: Int64? {
    type == .int64 ? Int64(littleEndian: value.loadUnaligned(as: Int64.self)) : nil
  }

  /// A whole number of either width, or a double that is one.
  @inlinable package var integer: Int64? {
    switch type {
    case .int32: int32.map(Int64.init)
    case .int64: int64
    case .double: double.flatMap(wholeNumber)
    default: nil
    }
  }

  @inlinable package var double: Double? {
    type == .double
      ? Double(bitPattern: UInt64(littleEndian: value.loadUnaligned(as: UInt64.self))) : nil
  }

  @inlinable package var bool: Bool? { type == .bool ? value[0] != 0 : nil }

  /// A moment, in milliseconds since 1970-01-01T00:00:00Z.
  @inlinable package var date: Int64? {
    type == .date ? Int64(littleEndian: value.loadUnaligned(as: Int64.self)) : nil
  }

  @inlinable package var isNull: Bool { type == .null }

  @inlinable package var decimal128: Decimal128? {
    guard type == .decimal128 else { return nil }
    return Decimal128(
      low: UInt64(littleEndian: value.loadUnaligned(as: UInt64.self)),
      high: UInt64(littleEndian: value.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
  }

  @inlinable package var document: BSONView? { type == .document ? BSONView(checked: value) : nil }

  @inlinable package var array: BSONView? { type == .array ? BSONView(checked: value) : nil }

  /// What stands inside, be it a document or an array.
  @inlinable package var container: BSONView? {
    type == .document || type == .array ? BSONView(checked: value) : nil
  }

  @inlinable package var binary: (subtype: UInt8, bytes: UnsafeRawBufferPointer)? {
    type == .binary ? (value[4], UnsafeRawBufferPointer(rebasing: value[5...])) : nil
  }

  /// The twelve bytes of an ObjectId.
  @inlinable package var objectID: UnsafeRawBufferPointer? { type == .objectID ? value : nil }
}

/// The whole number that a double is; nil for a fraction, and for what an Int64 cannot hold.
///
/// `Int64(exactly:)` would call the C library's `trunc`, which a program need not be linked with.
@usableFromInline func wholeNumber(_ value: Double) -> Int64? {
  guard value >= -0x1p63, value < 0x1p63 else { return nil }
  let number = Int64(value)
  return Double(number) == value ? number : nil
}
