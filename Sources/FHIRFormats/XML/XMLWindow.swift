internal import FHIRModel

/// The stretch of an XML source that may still be asked about: what libxml2 has not finished, and a narrative's markup.
///
/// libxml2 keeps its own copy; this one outlives it, so that markup can be kept as it was written and the place of an
/// element be told exactly: lines beyond 65,535, columns in Unicode scalars.
struct XMLWindow: ~Copyable {
  private var bytes: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  /// Bytes held.
  private(set) var count = 0
  /// Offset in the source of the first byte held.
  private(set) var start = 0

  // How far lines and columns were counted.
  private var counted = 0
  private var line = 1
  private var column = 1

  init(capacity: Int) {
    self.capacity = max(capacity, 1024)
    bytes = GrowingMemory.allocate(self.capacity)
  }

  deinit { GrowingMemory.free(bytes) }

  /// Offset in the source one past the last byte held.
  var end: Int { start + count }

  /// Lets `body` write up to `size` bytes behind those held, and returns them.
  mutating func append<Failure: Error>(
    _ size: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) -> UnsafeBufferPointer<UInt8> {
    if count + size > capacity {
      capacity = max(capacity * 2, count + size)
      bytes = GrowingMemory.resize(bytes, to: capacity)
    }
    let written = try body(UnsafeMutableRawBufferPointer(start: bytes + count, count: size))
    precondition(written >= 0 && written <= size, "a source wrote beyond the room it was given")
    defer { count += written }
    return UnsafeBufferPointer(start: bytes + count, count: written)
  }

  /// The bytes between two offsets, which must still be held.
  func slice(_ from: Int, _ to: Int) -> UnsafeBufferPointer<UInt8> {
    precondition(from >= start && to <= end && from <= to, "a slice outside the window")
    return UnsafeBufferPointer(start: bytes + (from - start), count: to - from)
  }

  /// Gives up all that stands before an offset.
  mutating func discard(before offset: Int) {
    let offset = min(max(offset, start), end)
    _ = position(at: offset)
    let rest = end - offset
    if rest > 0 && offset > start { bytes.update(from: bytes + (offset - start), count: rest) }
    count = rest
    start = offset
    // One huge value must not keep its room for the rest of the source.
    if capacity > 8 << 20 && count < capacity / 8 {
      capacity = 1 << 20 > count ? 1 << 20 : count
      bytes = GrowingMemory.resize(bytes, to: capacity)
    }
  }

  /// Leaves the bytes before an offset out of lines and columns: a byte order mark.
  mutating func startCounting(at offset: Int) { counted = offset }

  /// Line and column of an offset, which must not lie before the last one asked for.
  mutating func position(at offset: Int) -> (line: Int, column: Int) {
    let offset = min(offset, end)
    var from = counted - start
    let to = offset - start
    guard to > from else { return (line, column) }
    let newlines = XMLWindow.newlines(in: bytes, from, to)
    if newlines > 0 {
      line += newlines
      column = 1
      var last = to - 1
      while bytes[last] != 0x0A { last -= 1 }
      from = last + 1
    }
    column += XMLWindow.scalars(in: bytes, from, to)
    counted = offset
    return (line, column)
  }

  /// Line feeds between two indexes, eight bytes at a time.
  @inline(__always)
  private static func newlines(in bytes: UnsafeMutablePointer<UInt8>, _ from: Int, _ to: Int) -> Int {
    let base = UnsafeRawPointer(bytes)
    let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
    var total = 0
    var i = from
    while i &+ 8 <= to {
      // A byte of `differing` is 0 where a line feed stands; only there the sum's top bit stays clear.
      let differing = base.loadUnaligned(fromByteOffset: i, as: UInt64.self) ^ 0x0A0A_0A0A_0A0A_0A0A
      total &+= (~(((differing & low) &+ low) | differing | low)).nonzeroBitCount
      i &+= 8
    }
    while i < to {
      if bytes[i] == 0x0A { total &+= 1 }
      i &+= 1
    }
    return total
  }

  /// Unicode scalars between two indexes: continuation bytes of UTF-8 belong to the scalar before them.
  @inline(__always)
  private static func scalars(in bytes: UnsafeMutablePointer<UInt8>, _ from: Int, _ to: Int) -> Int {
    let base = UnsafeRawPointer(bytes)
    var total = to - from
    var i = from
    while i &+ 8 <= to {
      let word = base.loadUnaligned(fromByteOffset: i, as: UInt64.self)
      total &-= (word & ~(word << 1) & 0x8080_8080_8080_8080).nonzeroBitCount
      i &+= 8
    }
    while i < to {
      if bytes[i] & 0xC0 == 0x80 { total &-= 1 }
      i &+= 1
    }
    return total
  }
}
