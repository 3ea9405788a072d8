import CZlib

/// Zips bytes that are in memory (RFC 1952).
package enum Gzip {
  package static func compress(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var stream = z_stream()
    // 15 bits of window, and 16 for a gzip header.
    let status = deflateInit2_(
      &stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    precondition(status == Z_OK && bytes.count <= Int(UInt32.max), "zlib cannot start, or too many bytes")
    defer { deflateEnd(&stream) }
    let bound = Int(deflateBound(&stream, UInt(bytes.count))) + 32
    return [UInt8](unsafeUninitializedCapacity: bound) { room, count in
      stream.next_in = UnsafeMutablePointer(
        mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
      stream.avail_in = UInt32(bytes.count)
      stream.next_out = room.baseAddress
      stream.avail_out = UInt32(bound)
      // All of it fits by `deflateBound`.
      let status = deflate(&stream, Z_FINISH)
      precondition(status == Z_STREAM_END, "zlib needs more room than it said")
      count = bound - Int(stream.avail_out)
    }
  }
}
