import CZlib

/// The bytes of a gzip stream (RFC 1952), unzipped as they are asked for; members that follow each other are one stream.
package final class GzipSource: ByteSource {
  /// How far a stream may grow: a few kilobytes of zeros unzip to gigabytes.
  package struct Limits: Sendable {
    /// Bytes out per byte in, checked once a stream has given 64 MB; nil for no limit. FHIR stays well below 100.
    package var ratio: UInt64? = 400
    /// Bytes out in all; nil for no limit.
    package var bytes: UInt64?

    package init() {}
  }

  private static let inputCapacity = 64 << 10
  private static let ratioGrace: UInt64 = 64 << 20

  private let upstream: any ByteSource
  private let path: String
  private let limits: Limits
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutableRawBufferPointer
  private var bytesIn: UInt64 = 0
  private var bytesOut: UInt64 = 0
  private var state = State.member

  private enum State {
    /// Inside a member, or before the first.
    case member
    /// Behind a whole member: another may follow.
    case between
    case ended
  }

  package init(_ upstream: any ByteSource, path: String = "", limits: Limits = Limits()) throws(ReadFailure) {
    self.upstream = upstream
    self.path = path
    self.limits = limits
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    input = .allocate(byteCount: GzipSource.inputCapacity, alignment: 16)
    // 15 bits of window, and 16 for "gzip only".
    let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw ReadFailure(.io, "zlib cannot start (\(status))", path: path) }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
  }

  /// Whether bytes begin as a gzip stream does.
  package static func recognizes(_ head: UnsafeRawBufferPointer) -> Bool {
    head.count >= 3 && head[0] == 0x1F && head[1] == 0x8B && head[2] == 8
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws(ReadFailure) -> Int {
    guard let base = buffer.baseAddress, !buffer.isEmpty, state != .ended else { return 0 }
    let room = min(buffer.count, Int(UInt32.max))
    stream.pointee.next_out = base.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(room)
    while Int(stream.pointee.avail_out) == room {
      if stream.pointee.avail_in == 0, try !refill() { break }
      if state == .between {
        // Some writers pad a stream with zeros to a block's length (RFC 1952 says nothing; gzip ignores them).
        guard skipPadding() else { continue }
        // What was to follow may be what is missing: gzip passes it over, and an import must not.
        guard stream.pointee.next_in.pointee == 0x1F else {
          throw failure(.gzip, "behind the end of the gzip stream stands what is none, and was not read")
        }
        inflateReset(stream)
        state = .member
      }
      switch inflate(stream, Z_NO_FLUSH) {
      case Z_OK, Z_BUF_ERROR: break
      case Z_STREAM_END: state = .between
      default:
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "not a gzip stream"
        throw failure(.gzip, "the gzip stream is damaged (\(reason))")
      }
    }
    let count = room - Int(stream.pointee.avail_out)
    bytesOut += UInt64(count)
    try checkLimits()
    return count
  }

  /// Reads more of the compressed stream; false at its end.
  private func refill() throws(ReadFailure) -> Bool {
    let count = try upstream.read(into: input)
    guard count > 0 else {
      guard state == .between else {
        throw failure(.gzip, "the gzip stream ends too early: the file is not complete")
      }
      state = .ended
      return false
    }
    bytesIn += UInt64(count)
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(count)
    return true
  }

  /// Skips zero bytes behind a member; false if nothing else is in the input buffer.
  private func skipPadding() -> Bool {
    while stream.pointee.avail_in > 0, stream.pointee.next_in.pointee == 0 {
      stream.pointee.next_in += 1
      stream.pointee.avail_in -= 1
    }
    return stream.pointee.avail_in > 0
  }

  private func checkLimits() throws(ReadFailure) {
    if let limit = limits.bytes, bytesOut > limit {
      throw ReadFailure(
        .limit, "it unzips to more than \(limit) bytes, the limit (limits.unzipped_bytes in pipeline.yml)",
        path: path)
    }
    if let limit = limits.ratio, bytesOut > GzipSource.ratioGrace, bytesOut / max(bytesIn, 1) > limit {
      throw ReadFailure(
        .limit,
        "it unzips to more than \(limit) times its size, as only a zip bomb does (limits.unzipped_ratio)",
        path: path)
    }
  }

  private func failure(_ code: ReadFailure.Code, _ message: String) -> ReadFailure {
    let offset = bytesIn - UInt64(stream.pointee.avail_in)
    return ReadFailure(code, "\(message), at compressed byte \(offset)", path: path)
  }
}
