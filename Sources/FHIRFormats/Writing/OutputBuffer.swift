/// A growing buffer of bytes on their way out; the writers append to it.
///
/// Appending never fails and never writes: whoever owns the buffer calls ``flushIfFull()`` between resources and
/// ``flush()`` at the end.
@usableFromInline
package final class OutputBuffer {
  // Exclusivity is not checked for these: no closure ever runs inside an access to them, and the checks cost more than
  // the appending.
  @exclusivity(unchecked) @usableFromInline package private(set) var bytes: UnsafeMutablePointer<UInt8>
  /// Bytes that wait in the buffer.
  @exclusivity(unchecked) @usableFromInline package var count = 0
  @exclusivity(unchecked) @usableFromInline var capacity: Int
  /// Bytes given to the sink so far.
  package private(set) var flushed: UInt64 = 0
  private let threshold: Int
  private let sink: ((UnsafeRawBufferPointer) throws -> Void)?

  /// - Parameter sink: takes the bytes when the buffer is full; without one all bytes stay here.
  package init(threshold: Int = 256 << 10, sink: ((UnsafeRawBufferPointer) throws -> Void)? = nil) {
    self.threshold = max(threshold, 1)
    self.sink = sink
    capacity = max(threshold, 64)
    bytes = .allocate(capacity: capacity)
  }

  deinit { bytes.deallocate() }

  /// Makes room for so many more bytes and returns where to write them; add what was written to ``count``.
  @inlinable
  @inline(__always)
  package func room(for additional: Int) -> UnsafeMutablePointer<UInt8> {
    if capacity &- count < additional { grow(to: count + additional) }
    return bytes + count
  }

  @inlinable
  @inline(__always)
  package func append(_ byte: UInt8) {
    room(for: 1).pointee = byte
    count &+= 1
  }

  @inlinable
  @inline(__always)
  package func append(_ source: UnsafeBufferPointer<UInt8>) {
    guard let base = source.baseAddress else { return }
    room(for: source.count).update(from: base, count: source.count)
    count &+= source.count
  }

  package func append(_ source: StaticString) {
    append(UnsafeBufferPointer(start: source.utf8Start, count: source.utf8CodeUnitCount))
  }

  package func append(_ source: String) {
    var source = source
    source.withUTF8 { append($0) }
  }

  /// Appends a byte so many times: indentation.
  package func append(_ byte: UInt8, times: Int) {
    room(for: times).update(repeating: byte, count: times)
    count &+= times
  }

  @usableFromInline
  func grow(to minimum: Int) {
    var larger = capacity
    while larger < minimum { larger *= 2 }
    let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    moved.update(from: bytes, count: count)
    bytes.deallocate()
    bytes = moved
    capacity = larger
  }

  /// Hands the bytes to the sink if they have reached the threshold. Call it between resources.
  package func flushIfFull() throws {
    if count >= threshold { try flush() }
  }

  /// Hands all waiting bytes to the sink; without a sink they stay.
  package func flush() throws {
    guard let sink, count > 0 else { return }
    try sink(UnsafeRawBufferPointer(start: bytes, count: count))
    flushed += UInt64(count)
    count = 0
  }

  /// Forgets the waiting bytes.
  package func removeAll() { count = 0 }

  /// The waiting bytes; valid inside the closure only.
  package func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) throws -> R) rethrows -> R {
    try body(UnsafeBufferPointer(start: bytes, count: count))
  }

  /// A copy of the waiting bytes.
  package var array: [UInt8] { Array(UnsafeBufferPointer(start: bytes, count: count)) }
}
