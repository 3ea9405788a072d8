/// A document or array read where it lies: a pointer to its bytes, nothing copied.
///
/// Valid only as long as the bytes: inside the closure that lent them. Reading checks as it goes, so that bytes that
/// are no BSON make an error and never a crash.
@usableFromInline package struct BSONView: BitwiseCopyable {
  /// The whole document, its length and its terminating zero included.
  @usableFromInline package let bytes: UnsafeRawBufferPointer

  /// The document that fills these bytes from the first to the last.
  @inlinable package init(_ bytes: UnsafeRawBufferPointer) throws(BSONError) {
    guard bytes.count >= 5, let base = bytes.baseAddress else { throw BSONError(.truncated) }
    let length = Int(Int32(littleEndian: base.loadUnaligned(as: Int32.self)))
    guard length == bytes.count else { throw BSONError(.badLength) }
    guard bytes[length &- 1] == 0 else { throw BSONError(.missingTerminator, at: length &- 1) }
    self.bytes = bytes
  }

  /// The document at the start of these bytes, which may go on behind it.
  @inlinable package init(prefixOf bytes: UnsafeRawBufferPointer) throws(BSONError) {
    guard bytes.count >= 5, let base = bytes.baseAddress else { throw BSONError(.truncated) }
    let length = Int(Int32(littleEndian: base.loadUnaligned(as: Int32.self)))
    guard length >= 5, length <= bytes.count else { throw BSONError(.badLength) }
    try self.init(UnsafeRawBufferPointer(start: base, count: length))
  }

  /// Bytes whose length and terminator were checked before.
  @inlinable init(checked bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  @inlinable package var isEmpty: Bool { bytes.count <= 5 }

  /// Goes over the elements in their order.
  @inlinable package func makeIterator() -> BSONIterator { BSONIterator(self) }

  /// Hands every element to the closure, in order.
  @inlinable package func forEachElement(_ body: (BSONElement) throws -> Void) throws {
    var iterator = makeIterator()
    while let element = try iterator.next() { try body(element) }
  }

  /// The first element of this name.
  @inlinable package func find(_ key: BSONKey) throws(BSONError) -> BSONElement? {
    var iterator = makeIterator()
    while let element = try iterator.next() {
      if key.equals(element.key) { return element }
    }
    return nil
  }

  package func find(string key: String) throws(BSONError) -> BSONElement? {
    var key = key
    let found = key.withUTF8 { utf8 in
      Result { () throws(BSONError) -> BSONElement? in
        guard let key = BSONKey(UnsafeRawBufferPointer(utf8)) else { return nil }
        return try find(key)
      }
    }
    return try found.get()
  }

  /// The element at a dotted path, as MongoDB writes them: `name.0.family`; an array's names are its indexes.
  package func find(path: String) throws(BSONError) -> BSONElement? {
    var view = self
    var rest = path[...]
    while let dot = rest.firstIndex(of: ".") {
      guard let inner = try view.find(string: String(rest[..<dot]))?.container else { return nil }
      view = inner
      rest = rest[rest.index(after: dot)...]
    }
    return try view.find(string: String(rest))
  }
}

/// Goes over the elements of a document; `next()` returns nil behind the last.
@usableFromInline package struct BSONIterator {
  @usableFromInline let base: UnsafeRawPointer
  /// Where the zero byte that ends the document stands.
  @usableFromInline let end: Int
  @usableFromInline var at = 4

  @inlinable init(_ view: BSONView) {
    // A view holds at least the five bytes of an empty document, so that there is a base.
    base = view.bytes.baseAddress.unsafelyUnwrapped
    end = view.bytes.count &- 1
  }

  @inlinable package mutating func next() throws(BSONError) -> BSONElement? {
    guard at < end else { return nil }
    guard let type = BSONType(rawValue: base.load(fromByteOffset: at, as: UInt8.self)) else {
      throw BSONError(.unknownType, at: at)
    }
    let keyStart = at &+ 1
    let keyEnd = try endOfCString(from: keyStart)
    let start = keyEnd &+ 1
    let size = try sizeOfValue(type, at: start)
    at = start &+ size
    return BSONElement(
      type: type,
      key: UnsafeRawBufferPointer(start: base + keyStart, count: keyEnd &- keyStart),
      value: UnsafeRawBufferPointer(start: base + start, count: size))
  }

  /// Finds the zero byte that ends a name, before the end of the document.
  @inlinable func endOfCString(from start: Int) throws(BSONError) -> Int {
    var i = start
    while i &+ 8 <= end {
      // The lowest byte that is zero leaves the lowest mark: each is above a borrow that only a zero byte starts.
      let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: i, as: UInt64.self))
      let zeros = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
      if zeros != 0 { return i &+ zeros.trailingZeroBitCount &>> 3 }
      i &+= 8
    }
    while i < end {
      if base.load(fromByteOffset: i, as: UInt8.self) == 0 { return i }
      i &+= 1
    }
    throw BSONError(.truncated, at: start)
  }

  /// How many bytes a value takes, checked against those that are there, its inner lengths and terminators too.
  @inlinable func sizeOfValue(_ type: BSONType, at start: Int) throws(BSONError) -> Int {
    let room = end &- start
    var size: Int
    switch type {
    case .string, .javascript, .symbol:
      size = try 4 &+ length(at: start, atLeast: 1)
      guard size <= room else { throw BSONError(.badLength, at: start) }
      guard base.load(fromByteOffset: start &+ size &- 1, as: UInt8.self) == 0 else {
        throw BSONError(.missingTerminator, at: start &+ size &- 1)
      }
    case .document, .array:
      size = try length(at: start, atLeast: 5)
      guard size <= room else { throw BSONError(.badLength, at: start) }
      guard base.load(fromByteOffset: start &+ size &- 1, as: UInt8.self) == 0 else {
        throw BSONError(.missingTerminator, at: start &+ size &- 1)
      }
    case .binary: size = try 5 &+ length(at: start, atLeast: 0)
    case .javascriptWithScope: size = try length(at: start, atLeast: 14)
    case .dbPointer: size = try 4 &+ length(at: start, atLeast: 1) &+ 12
    case .regex: size = try endOfCString(from: try endOfCString(from: start) &+ 1) &+ 1 &- start
    case .decimal128: size = 16
    case .objectID: size = 12
    case .double, .date, .int64, .timestamp: size = 8
    case .int32: size = 4
    case .bool: size = 1
    case .null, .undefined, .minKey, .maxKey: size = 0
    }
    guard size <= room else { throw BSONError(.truncated, at: start) }
    return size
  }

  @inlinable func length(at start: Int, atLeast least: Int) throws(BSONError) -> Int {
    guard start &+ 4 <= end else { throw BSONError(.truncated, at: start) }
    let length = Int(Int32(littleEndian: base.loadUnaligned(fromByteOffset: start, as: Int32.self)))
    guard length >= least else { throw BSONError(.badLength, at: start) }
    return length
  }
}
