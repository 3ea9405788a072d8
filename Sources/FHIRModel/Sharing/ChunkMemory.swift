import Glibc
import Synchronization

/// Memory of the chunks that readers cut sources into, which have one size and come again and again.
///
/// To touch a fresh page of 4 KB takes the system two microseconds, and sixteen where the machine is a virtual one whose host has
/// to find it: more than to read it full. So what one reader gives back the next one gets, whichever thread that is, and two
/// chunks share a large page.
package enum ChunkMemory {
  static let blockBytes = 1 << 20
  private static let largePageBytes = 2 * blockBytes
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
  static func take() -> UnsafeMutablePointer<UInt8> {
    let block = free.withLock { free in
      if let block = free.warm.popLast() ?? free.cold.popLast() { return block }
      let first = mapLargePage()
      free.cold.append(first + blockBytes)
      return first
    }
    return block.bindMemory(to: UInt8.self, capacity: blockBytes)
  }

  static func giveBack(_ block: UnsafeMutablePointer<UInt8>) {
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

  private static func mapLargePage() -> UnsafeMutableRawPointer {
    // As `LargeMemory` does, which stands behind BSON. The system aligns to small pages: what is too much before and behind goes back.
    let whole = mmap(nil, 2 * largePageBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let whole, whole != MAP_FAILED else {
      // As Swift's own allocations do: no input leads here, only a system without memory.
      fatalError("the system has no memory left")
    }
    let before = (largePageBytes - Int(bitPattern: whole) % largePageBytes) % largePageBytes
    let page = whole + before
    if before > 0 { munmap(whole, before) }
    munmap(page + largePageBytes, largePageBytes - before)
    // Where there are no large pages, small ones do.
    madvise(page, largePageBytes, MADV_HUGEPAGE)
    return page
  }
}
