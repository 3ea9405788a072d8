import CLZ4

/// Makes blocks of bytes small, and whole again. Clinical data repeats itself: a block becomes a fifth to a tenth, and that
/// costs a fraction of what it costs the system to take the whole block into a file.
///
/// Used by one thread at a time.
final class BlockCompressor: @unchecked Sendable {
  // Safe to share: whoever has taken it out of a `Mutex` is its only user.

  /// How little LZ4 looks for what repeats: with 8 it takes three fifths of the instructions that it takes with 1,
  /// and blocks are a third larger.
  private static let acceleration: Int32 = 8

  private var room = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit { room.deallocate() }

  /// The block made small, at most 2,113,929,216 bytes; valid until the next.
  ///
  /// - Parameter head: how many bytes before it are free to be written.
  func compress(_ block: UnsafeRawBufferPointer, head: Int) -> UnsafeMutableRawBufferPointer {
    let bound = head + Int(LZ4_compressBound(Int32(block.count)))
    if room.count < bound {
      room.deallocate()
      room = .allocate(byteCount: bound, alignment: 16)
    }
    let count = LZ4_compress_fast(
      block.baseAddress?.assumingMemoryBound(to: CChar.self),
      room.baseAddress.map { ($0 + head).assumingMemoryBound(to: CChar.self) }, Int32(block.count),
      Int32(room.count - head), BlockCompressor.acceleration)
    // There is room for the worst case: nothing else can fail.
    precondition(count > 0, "a block could not be compressed")
    return UnsafeMutableRawBufferPointer(rebasing: room[..<(head + Int(count))])
  }

  /// Makes a block whole again; false where the bytes are no such block.
  static func decompress(_ bytes: UnsafeRawBufferPointer, into block: UnsafeMutableRawBufferPointer) -> Bool {
    LZ4_decompress_safe(
      bytes.baseAddress?.assumingMemoryBound(to: CChar.self),
      block.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count), Int32(block.count))
      == block.count
  }
}
