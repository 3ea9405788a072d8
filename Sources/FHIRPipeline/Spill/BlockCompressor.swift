import CZstd

/// Makes blocks of bytes small, and whole again. Clinical data repeats itself: a block becomes a fifth to a tenth, and that
/// costs a fraction of what it costs the system to take the whole block into a file.
///
/// Used by one thread at a time.
final class BlockCompressor: @unchecked Sendable {
  // Safe to share: whoever has taken it out of a `Mutex` is its only user.

  /// Speed counts: higher levels save little more.
  private static let level: Int32 = -3

  private let compression: OpaquePointer
  private let decompression: OpaquePointer
  private var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  init() {
    // zstd gives none only where there is no memory, which ends the program anyhow.
    compression = ZSTD_createCCtx()!
    decompression = ZSTD_createDCtx()!
  }

  deinit {
    ZSTD_freeCCtx(compression)
    ZSTD_freeDCtx(decompression)
    room.deallocate()
  }

  /// The block made small; valid until the next.
  func compress(_ block: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
    let bound = ZSTD_compressBound(block.count)
    if room.count < bound {
      room.deallocate()
      room = .allocate(byteCount: bound, alignment: 16)
    }
    let count = ZSTD_compressCCtx(
      compression, room.baseAddress, room.count, block.baseAddress, block.count, BlockCompressor.level)
    // There is room for the worst case: nothing else can fail.
    precondition(ZSTD_isError(count) == 0, "a block could not be compressed")
    return UnsafeRawBufferPointer(rebasing: room[..<count])
  }

  /// Makes a block whole again; false where the bytes are no such block.
  func decompress(_ bytes: UnsafeRawBufferPointer, into block: UnsafeMutableRawBufferPointer) -> Bool {
    let count = ZSTD_decompressDCtx(
      decompression, block.baseAddress, block.count, bytes.baseAddress, bytes.count)
    return count == block.count
  }
}
