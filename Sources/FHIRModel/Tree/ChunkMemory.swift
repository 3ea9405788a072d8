import Synchronization

/// The memory of chunks of the usual size, used again: a fresh page costs the system more than reading a file into it.
enum ChunkMemory {
  static let usualBytes = 1 << 20
  /// How many blocks are kept; workers hold few chunks at a time.
  private static let most = 6

  private struct Pool: @unchecked Sendable {
    // Safe to share: nobody else has a block that is in here.
    var blocks: [UnsafeMutablePointer<UInt8>] = []
  }

  private static let pool = Mutex(Pool())

  static func allocate(_ count: Int) -> UnsafeMutablePointer<UInt8> {
    let kept = count == usualBytes ? pool.withLock { $0.blocks.popLast() } : nil
    return kept ?? .allocate(capacity: count)
  }

  static func deallocate(_ block: UnsafeMutablePointer<UInt8>, _ count: Int) {
    let isKept =
      count == usualBytes
      && pool.withLock { pool in
        guard pool.blocks.count < most else { return false }
        pool.blocks.append(block)
        return true
      }
    if !isKept { block.deallocate() }
  }
}
