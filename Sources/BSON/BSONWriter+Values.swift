extension BSONWriter {
  // MARK: Keys

  /// Names the value that is written next, in a document.
  @inlinable package mutating func key(_ key: BSONKey) {
    precondition(typeOffset < 0 && frame.nextIndex < 0 && !parents.isEmpty, "a key where a value belongs")
    let length = key.bytes.count
    reserve(length &+ 2)
    typeOffset = count
    if let bytes = key.bytes.baseAddress {
      copyBytes(from: bytes, to: base + (count &+ 1), count: length)
    }
    base.storeBytes(of: 0, toByteOffset: count &+ 1 &+ length, as: UInt8.self)
    count &+= length &+ 2
  }

  /// Names the value that is written next.
  ///
  /// - Throws: `nulInKey`; nothing is written then.
  package mutating func key(string: String) throws(BSONError) {
    let done = string.withUTF8Bytes { utf8 in
      guard let key = BSONKey(utf8) else { return false }
      self.key(key)
      return true
    }
    guard done else { throw BSONError(.nulInKey) }
  }

  // MARK: Text and bytes

  /// Appends a text; any UTF-8, U+0000 included.
  @inlinable package mutating func append(string utf8: UnsafeRawBufferPointer) {
    let length = utf8.count
    writeHeader(.string, room: length &+ 5)
    base.storeBytes(
      of: Int32(truncatingIfNeeded: length &+ 1).littleEndian, toByteOffset: count, as: Int32.self)
    if let bytes = utf8.baseAddress { copyBytes(from: bytes, to: base + (count &+ 4), count: length) }
    base.storeBytes(of: 0, toByteOffset: count &+ 4 &+ length, as: UInt8.self)
    count &+= length &+ 5
  }

  package mutating func append(string: String) {
    string.withUTF8Bytes { append(string: $0) }
  }

  @inlinable package mutating func append(string: StaticString) {
    append(string: UnsafeRawBufferPointer(start: string.utf8Start, count: string.utf8CodeUnitCount))
  }

  /// Begins a text whose parts come one by one through `append(part:)`; no other value may come between.
  @inlinable package mutating func beginString() -> Int {
    writeHeader(.string, room: 5)
    count &+= 4
    return count
  }

  @inlinable package mutating func append(part: UnsafeRawBufferPointer) {
    guard let bytes = part.baseAddress else { return }
    reserve(part.count)
    (base + count).copyMemory(from: bytes, byteCount: part.count)
    count &+= part.count
  }

  @inlinable package mutating func append(part byte: UInt8) {
    reserve(1)
    base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
    count &+= 1
  }

  /// Ends the text that began where `beginString()` said.
  @inlinable package mutating func endString(_ start: Int) {
    reserve(1)
    base.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
    count &+= 1
    base.storeBytes(
      of: Int32(truncatingIfNeeded: count &- start).littleEndian, toByteOffset: start &- 4, as: Int32.self)
  }

  @inlinable package mutating func append(binary bytes: UnsafeRawBufferPointer, subtype: UInt8 = 0) {
    let length = bytes.count
    writeHeader(.binary, room: length &+ 5)
    base.storeBytes(of: Int32(truncatingIfNeeded: length).littleEndian, toByteOffset: count, as: Int32.self)
    base.storeBytes(of: subtype, toByteOffset: count &+ 4, as: UInt8.self)
    if let start = bytes.baseAddress { (base + (count &+ 5)).copyMemory(from: start, byteCount: length) }
    count &+= length &+ 5
  }

  // MARK: Values of one size

  @inlinable package mutating func append(int32 value: Int32) { append(fixed: value.littleEndian, .int32) }

  @inlinable package mutating func append(int64 value: Int64) { append(fixed: value.littleEndian, .int64) }

  @inlinable package mutating func append(double value: Double) {
    append(fixed: value.bitPattern.littleEndian, .double)
  }

  @inlinable package mutating func append(bool value: Bool) { append(fixed: value ? 1 : 0 as UInt8, .bool) }

  @inlinable package mutating func appendNull() { writeHeader(.null, room: 0) }

  /// Appends a moment, in milliseconds since 1970-01-01T00:00:00Z.
  @inlinable package mutating func append(date milliseconds: Int64) {
    append(fixed: milliseconds.littleEndian, .date)
  }

  @inlinable package mutating func append(decimal128 value: Decimal128) {
    writeHeader(.decimal128, room: 16)
    base.storeBytes(of: value.low.littleEndian, toByteOffset: count, as: UInt64.self)
    base.storeBytes(of: value.high.littleEndian, toByteOffset: count &+ 8, as: UInt64.self)
    count &+= 16
  }

  @inlinable mutating func append<Value: BitwiseCopyable>(fixed value: Value, _ type: BSONType) {
    writeHeader(type, room: MemoryLayout<Value>.size)
    base.storeBytes(of: value, toByteOffset: count, as: Value.self)
    count &+= MemoryLayout<Value>.size
  }

  // MARK: What is BSON already

  /// Appends a value copied as it stands, whatever its type.
  @inlinable package mutating func append(raw bytes: UnsafeRawBufferPointer, type: BSONType) {
    writeHeader(type, room: bytes.count)
    append(part: bytes)
  }

  /// Appends the value of an element of another document.
  @inlinable package mutating func append(valueOf element: BSONElement) {
    append(raw: element.value, type: element.type)
  }

  /// Appends an element of another document, name and value.
  @inlinable package mutating func append(element: BSONElement) {
    key(BSONKey(unchecked: element.key))
    append(valueOf: element)
  }

  @inlinable package mutating func append(document view: BSONView) {
    append(raw: view.bytes, type: .document)
  }

  @inlinable package mutating func append(array view: BSONView) { append(raw: view.bytes, type: .array) }

  package mutating func append(document: BSONDocument) {
    document.bytes.withUnsafeBytes { append(raw: $0, type: .document) }
  }

  /// Adds a whole document at the top, behind those that are there.
  package mutating func appendTopLevel(_ view: BSONView) {
    precondition(parents.isEmpty, "a document is open")
    append(part: view.bytes)
    documentCount &+= 1
  }

  // MARK: The byte before the value

  /// Writes a value's type: into the place its key left, or with the next index as its name; and makes room.
  @inlinable mutating func writeHeader(_ type: BSONType, room: Int) {
    reserve(room &+ 24)
    if typeOffset >= 0 {
      base.storeBytes(of: type.rawValue, toByteOffset: typeOffset, as: UInt8.self)
      typeOffset = -1
    } else {
      precondition(frame.nextIndex >= 0, "a value without a key")
      base.storeBytes(of: type.rawValue, toByteOffset: count, as: UInt8.self)
      count &+= 1
      writeIndex(UInt(bitPattern: frame.nextIndex))
      frame.nextIndex &+= 1
    }
  }

  /// Writes an array index as decimal digits and the zero byte behind them; `writeHeader` has made the room.
  @inlinable mutating func writeIndex(_ index: UInt) {
    let place = base + count
    if index < 10 {
      place.storeBytes(of: UInt8(truncatingIfNeeded: index &+ 0x30), as: UInt8.self)
      place.storeBytes(of: 0, toByteOffset: 1, as: UInt8.self)
      count &+= 2
    } else if index < 100 {
      let pair = decimalPair(index)
      place.storeBytes(of: pair, as: UInt16.self)
      place.storeBytes(of: 0, toByteOffset: 2, as: UInt8.self)
      count &+= 3
    } else {
      count &+= writeDigits(UInt64(index), to: place)
      base.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
      count &+= 1
    }
  }
}
