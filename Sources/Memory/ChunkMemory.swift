import Glibc
import Synchronization

/// Memory of the chunks that readers cut sources into, which have one size and come again and again.
///
/// What one reader gives back the next one gets, whichever thread that is, and two chunks share a large page: see ``LargePages``.
package enum ChunkMemory {
  package static let blockBytes = LargePages.bytes / 2
  /// Blocks that keep their pages while nobody has them.
  private static let mostWarm = 4

  private struct Free: @unchecked Sendable {
    // Safe to share: touched inside the lock only.
    var warm: [UnsafeMutableRawPointer] = []
    /// Blocks whose pages went back to the system: what is left of them is their addresses.
    var cold: [UnsafeMutableRawPointer] = []
  }

  private static let free = Mutex(Free())

  /// A block of ``blockBytes``, with anything in it.
  package static func take() -> UnsafeMutablePointer<UInt8> {
    let block = free.withLock { free in
      if let block = free.warm.popLast() ?? free.cold.popLast() { return block }
      let first = LargePages.map(LargePages.bytes)
      free.cold.append(first + blockBytes)
      return first
    }
    return block.bindMemory(to: UInt8.self, capacity: blockBytes)
  }

  package static func giveBack(_ block: UnsafeMutablePointer<UInt8>) {
    let block = UnsafeMutableRawPointer(block)
    free.withLock { free in
      if free.warm.count < mostWarm {
        free.warm.append(block)
      } else {
        madvise(block, blockBytes, MADV_DONTNEED)
        free.cold.append(block)
      }
    }
  }

  /// Gives back to the system what nobody has, where other memory is needed next.
  package static func returnFree() {
    free.withLock { free in
      for block in free.warm { madvise(block, blockBytes, MADV_DONTNEED) }
      free.cold += free.warm
      free.warm = []
    }
  }
}
