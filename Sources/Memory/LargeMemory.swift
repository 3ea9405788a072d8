import CMalloc
import Glibc
import Synchronization

/// Memory for what is large and does not live long: documents, partitions, commands to the database.
///
/// Large blocks come in ``LargePages``, and some of those that are given back are kept for the next.
package enum LargeMemory {
  /// Blocks from this size on are large; smaller ones come from the C library.
  package static let threshold = 1 << 20

  /// Large blocks have a multiple of it: what is left of a large page is small ones.
  private static let step = 256 << 10
  /// Bytes of blocks that wait to be used again.
  private static let keptBytes = 8 << 20

  private struct Kept: @unchecked Sendable {
    // Safe to share: touched inside the lock only.
    var blocks: [UnsafeMutableRawBufferPointer] = []
    var bytes = 0
  }

  private static let kept = Mutex(Kept())

  /// Memory for so many bytes, or more; its beginning is aligned to 16 bytes, that of a large block to 2 MB.
  package static func allocate(_ count: Int) -> UnsafeMutableRawBufferPointer {
    guard count >= threshold else { return .allocate(byteCount: count, alignment: 16) }
    let size = (count + step - 1) / step * step
    return kept.withLock { take(size, of: &$0) }
      ?? UnsafeMutableRawBufferPointer(start: LargePages.map(size), count: size)
  }

  package static func deallocate(_ block: UnsafeMutableRawBufferPointer) {
    guard block.count >= threshold else { return block.deallocate() }
    var needless: [UnsafeMutableRawBufferPointer] = []
    kept.withLock { kept in
      if block.count > keptBytes {
        needless = [block]
        return
      }
      while kept.bytes + block.count > keptBytes {
        let first = kept.blocks.removeFirst()
        kept.bytes -= first.count
        needless.append(first)
      }
      kept.blocks.append(block)
      kept.bytes += block.count
    }
    for block in needless { munmap(block.baseAddress, block.count) }
  }

  /// A block that was kept, the smallest that is large enough; none that is far too large.
  private static func take(_ size: Int, of kept: inout Kept) -> UnsafeMutableRawBufferPointer? {
    var best: Int?
    for (index, block) in kept.blocks.enumerated() where block.count >= size && block.count <= 2 * size {
      if let found = best, kept.blocks[found].count <= block.count { continue }
      best = index
    }
    guard let best else { return nil }
    kept.bytes -= kept.blocks[best].count
    return kept.blocks.remove(at: best)
  }

  // MARK: For C

  /// The least that C code gets of a large block.
  private static let lentBytes = 4 << 20
  /// Bytes of the large blocks that C code has, by their addresses.
  private static let lent = Mutex<[UInt: Int]>([:])

  /// Memory as C's `malloc` gives it, for libraries that let theirs be replaced.
  package static func malloc(_ count: Int) -> UnsafeMutableRawPointer? {
    guard count >= threshold else { return Glibc.malloc(count) }
    // A command that is put together grows by doubling: what it does not touch costs nothing.
    let block = allocate(max(count, lentBytes))
    lent.withLock { $0[UInt(bitPattern: block.baseAddress)] = block.count }
    return block.baseAddress
  }

  package static func realloc(_ pointer: UnsafeMutableRawPointer?, _ count: Int) -> UnsafeMutableRawPointer? {
    guard let pointer else { return malloc(count) }
    let large = lentBytes(at: pointer)
    if let large, count >= threshold, count <= large { return pointer }
    if large == nil, count < threshold { return Glibc.realloc(pointer, count) }
    let other = malloc(count)
    other?.copyMemory(from: pointer, byteCount: min(large ?? malloc_usable_size(pointer), count))
    free(pointer)
    return other
  }

  package static func free(_ pointer: UnsafeMutableRawPointer?) {
    guard let pointer, let count = lentBytes(at: pointer) else { return Glibc.free(pointer) }
    lent.withLock { $0[UInt(bitPattern: pointer)] = nil }
    deallocate(UnsafeMutableRawBufferPointer(start: pointer, count: count))
  }

  /// How many bytes a large block has; nil where the block came from the C library.
  private static func lentBytes(at pointer: UnsafeMutableRawPointer) -> Int? {
    // Next to none of the C library's are aligned so: the lock is for large blocks.
    guard UInt(bitPattern: pointer) % UInt(LargePages.bytes) == 0 else { return nil }
    return lent.withLock { $0[UInt(bitPattern: pointer)] }
  }
}
