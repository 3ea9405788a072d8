/// A field name as bytes that BSON can store: UTF-8 without U+0000.
///
/// It only points at its bytes; whoever makes one keeps them alive while it is used. Literals live forever.
@usableFromInline package struct BSONKey: ExpressibleByStringLiteral {
  @usableFromInline package let bytes: UnsafeRawBufferPointer

  /// A name known to hold no zero byte, such as one of a compiled plan.
  @inlinable package init(unchecked bytes: UnsafeRawBufferPointer) {
    assert(BSONKey.isRepresentable(bytes), "a field name with a zero byte")
    self.bytes = bytes
  }

  /// A name from data; nil where it holds a zero byte.
  @inlinable package init?(_ bytes: UnsafeRawBufferPointer) {
    guard BSONKey.isRepresentable(bytes) else { return nil }
    self.bytes = bytes
  }

  @inlinable package init(stringLiteral literal: StaticString) {
    self.init(unchecked: UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
  }

  /// Whether BSON can store these bytes as a field name: a name ends at its first zero byte.
  @inlinable package static func isRepresentable(_ bytes: UnsafeRawBufferPointer) -> Bool {
    for byte in bytes where byte == 0 { return false }
    return true
  }

  package static func isRepresentable(_ name: String) -> Bool {
    !name.utf8.contains(0)
  }

  @inlinable package func equals(_ other: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count == other.count, let left = bytes.baseAddress, let right = other.baseAddress else {
      return bytes.count == other.count
    }
    return equalBytes(left, right, bytes.count)
  }
}

/// Compares short runs of bytes without leaving Swift: eight at a time, then one.
@inlinable package func equalBytes(_ left: UnsafeRawPointer, _ right: UnsafeRawPointer, _ count: Int) -> Bool
{
  var i = 0
  while i &+ 8 <= count {
    if left.loadUnaligned(fromByteOffset: i, as: UInt64.self)
      != right.loadUnaligned(fromByteOffset: i, as: UInt64.self)
    {
      return false
    }
    i &+= 8
  }
  while i < count {
    if left.load(fromByteOffset: i, as: UInt8.self) != right.load(fromByteOffset: i, as: UInt8.self) {
      return false
    }
    i &+= 1
  }
  return true
}

/// Copies bytes to where none of them stand; names and codes are mostly too short for a call of memmove to pay.
@inlinable @inline(__always)
func copyBytes(from source: UnsafeRawPointer, to place: UnsafeMutableRawPointer, count: Int) {
  // Two words that overlap in the middle hold any length between one word and two.
  if count >= 8, count <= 16 {
    let last = count &- 8
    let head = source.loadUnaligned(as: UInt64.self)
    let tail = source.loadUnaligned(fromByteOffset: last, as: UInt64.self)
    place.storeBytes(of: head, as: UInt64.self)
    place.storeBytes(of: tail, toByteOffset: last, as: UInt64.self)
  } else if count > 16 {
    place.copyMemory(from: source, byteCount: count)
  } else if count >= 4 {
    let last = count &- 4
    let head = source.loadUnaligned(as: UInt32.self)
    let tail = source.loadUnaligned(fromByteOffset: last, as: UInt32.self)
    place.storeBytes(of: head, as: UInt32.self)
    place.storeBytes(of: tail, toByteOffset: last, as: UInt32.self)
  } else {
    for i in 0..<count {
      place.storeBytes(of: source.load(fromByteOffset: i, as: UInt8.self), toByteOffset: i, as: UInt8.self)
    }
  }
}
