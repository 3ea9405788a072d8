import FHIRModel

/// A growing buffer of bytes on their way out; the writers append to it.
///
/// Appending never fails: whoever owns the buffer calls ``flushIfFull()`` between resources and ``flush()`` at the end, which
/// throw what the sink threw.
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
  /// Bytes appended so far.
  package var total: Int { Int(flushed) + count }
  private let threshold: Int
  /// What the sink threw while something was appended.
  private var failure: (any Error)?
  private let sink: ((UnsafeRawBufferPointer) throws -> Void)?

  /// - Parameter sink: takes the bytes when the buffer is full; without one all bytes stay here.
  package init(threshold: Int = 256 << 10, sink: ((UnsafeRawBufferPointer) throws -> Void)? = nil) {
    self.threshold = max(threshold, 1)
    self.sink = sink
    capacity = max(threshold, 64)
    bytes = GrowingMemory.allocate(capacity)
  }

  deinit { GrowingMemory.free(bytes) }

  /// Makes room for so many more bytes and returns where to write them; add what was written to ``count``.
  @inlinable
  @inline(__always)
  package func room(for additional: Int) -> UnsafeMutablePointer<UInt8> {
    if capacity &- count < additional { makeRoom(for: additional) }
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
    if source.count > OutputBuffer.largest { return append(large: source) }
    room(for: source.count).update(from: base, count: source.count)
    count &+= source.count
  }

  /// What is longer goes out in pieces.
  @usableFromInline static var largest: Int { 1 << 20 }

  @usableFromInline
  func append(large source: UnsafeBufferPointer<UInt8>) {
    var rest = source[...]
    while !rest.isEmpty {
      append(UnsafeBufferPointer(rebasing: rest.prefix(OutputBuffer.largest)))
      rest = rest.dropFirst(OutputBuffer.largest)
    }
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

  /// Makes room for so many more bytes: what waits goes out, rather than that a huge resource is held whole.
  @usableFromInline
  func makeRoom(for additional: Int) {
    if count >= threshold, failure == nil {
      do { try flush() } catch { failure = error }
    }
    guard capacity - count < additional else { return }
    var larger = capacity
    while larger - count < additional { larger *= 2 }
    bytes = GrowingMemory.resize(bytes, to: larger)
    capacity = larger
  }

  /// Hands the bytes to the sink if they have reached the threshold. Call it between resources.
  package func flushIfFull() throws {
    if count >= threshold { try flush() }
  }

  /// Hands all waiting bytes to the sink; without a sink they stay.
  package func flush() throws {
    if let failure { throw failure }
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
