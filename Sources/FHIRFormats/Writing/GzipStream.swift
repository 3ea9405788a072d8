import CZlib

/// Zips bytes as they come (RFC 1952); the same bytes, in the same pieces, give the same file.
package final class GzipStream {
  private let stream: UnsafeMutablePointer<z_stream>
  private let output: UnsafeMutableBufferPointer<UInt8>

  package init() {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    output = .allocate(capacity: 64 << 10)
    // 15 bits of window, and 16 for a gzip header, in which no name and no time stand.
    let status = deflateInit2_(
      stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK, "zlib cannot start")
  }

  deinit {
    deflateEnd(stream)
    stream.deallocate()
    output.deallocate()
  }

  /// - Parameter sink: takes what is zipped, as soon as there is some.
  package func write(_ bytes: UnsafeRawBufferPointer, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws
  {
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(1 << 30))
      rest = rest.dropFirst(piece.count)
      stream.pointee.next_in = UnsafeMutablePointer(
        mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.pointee.avail_in = UInt32(piece.count)
      while stream.pointee.avail_in > 0 { _ = try step(Z_NO_FLUSH, sink) }
    }
  }

  /// Ends the stream; nothing may be written after it.
  package func finish(_ sink: (UnsafeRawBufferPointer) throws -> Void) throws {
    while try !step(Z_FINISH, sink) {}
  }

  /// Hands on what zlib gives; returns whether that is the last of it.
  private func step(_ flush: Int32, _ sink: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
    stream.pointee.next_out = output.baseAddress
    stream.pointee.avail_out = UInt32(output.count)
    let status = deflate(stream, flush)
    // There is room, and, but at the end, something to zip.
    precondition(status == Z_OK || status == Z_STREAM_END, "zlib cannot go on")
    let count = output.count - Int(stream.pointee.avail_out)
    if count > 0 { try sink(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(output)[..<count])) }
    return status == Z_STREAM_END
  }
}
