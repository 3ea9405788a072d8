import Memory
import Synchronization

/// Memory that fills up from its beginning and lends what was written as ``SharedBytes``.
///
/// Its memory goes back to the pool that it came from when the last of those is gone.
package final class SharedBuffer: @unchecked Sendable {
  // Safe to share: only the one who fills the buffer appends, and what was lent before does not move or change.

  private let memory: UnsafeMutableRawBufferPointer
  private let pool: SharedBufferPool?
  private var count = 0

  package convenience init(capacity: Int) {
    self.init(LargeMemory.allocate(max(capacity, 1)), pool: nil)
  }

  fileprivate init(_ memory: UnsafeMutableRawBufferPointer, pool: SharedBufferPool?) {
    self.memory = memory
    self.pool = pool
  }

  /// Takes over memory with bytes at its beginning; it goes to the pool when nobody holds them any more.
  static func lending(
    _ count: Int, of memory: UnsafeMutableRawBufferPointer, to pool: SharedBufferPool
  ) -> SharedBytes {
    let buffer = SharedBuffer(memory, pool: pool)
    buffer.count = count
    return SharedBytes(UnsafeRawBufferPointer(rebasing: memory[..<count]), of: buffer)
  }

  deinit {
    if let pool { pool.giveBack(memory) } else { LargeMemory.deallocate(memory) }
  }

  package var room: Int { memory.count - count }

  /// Copies bytes behind those that are there; they must fit into the room.
  package func append(_ bytes: UnsafeRawBufferPointer) -> SharedBytes {
    precondition(bytes.count <= room, "the buffer is full")
    let place = UnsafeMutableRawBufferPointer(rebasing: memory[count..<count + bytes.count])
    place.copyMemory(from: bytes)
    count += bytes.count
    return SharedBytes(UnsafeRawBufferPointer(place), of: self)
  }

  /// Lends the free memory to be written into; `body` says how many bytes it wrote.
  package func fill(_ body: (UnsafeMutableRawBufferPointer) throws -> Int) rethrows -> SharedBytes {
    let place = UnsafeMutableRawBufferPointer(rebasing: memory[count...])
    let written = try body(place)
    precondition(written >= 0 && written <= place.count, "more was written than there is room for")
    count += written
    return SharedBytes(UnsafeRawBufferPointer(rebasing: place[..<written]), of: self)
  }

}

/// Keeps the memory of buffers for the next ones: fetching fresh pages from the system costs more than filling them.
package final class SharedBufferPool: Sendable {
  private struct State: @unchecked Sendable {
    // Safe to share: touched inside the lock only.
    var free: [UnsafeMutableRawBufferPointer] = []
    var bytes = 0
  }

  private let state = Mutex(State())
  private let limit: Int
  /// Capacities are multiples of it, so that a buffer fits more than one use.
  private let step: Int

  /// - Parameters:
  ///   - limit: how many free bytes are kept.
  ///   - step: capacities are rounded up to it.
  package init(limit: Int, step: Int) {
    self.limit = limit
    self.step = step
  }

  deinit { state.withLock { state in for memory in state.free { LargeMemory.deallocate(memory) } } }

  /// A buffer with room for at least so many bytes.
  package func buffer(capacity: Int) -> SharedBuffer { SharedBuffer(memory(capacity: capacity), pool: self) }

  /// Memory for at least so many bytes; who takes it gives it back, or deallocates it.
  func memory(capacity: Int) -> UnsafeMutableRawBufferPointer {
    let capacity = max(1, (capacity + step - 1) / step) * step
    let found: UnsafeMutableRawBufferPointer? = state.withLock { state in
      // The smallest that is large enough; what is far too large waits for others.
      var best: Int?
      for (index, memory) in state.free.enumerated()
      where memory.count >= capacity && memory.count <= 2 * capacity {
        if let found = best, state.free[found].count <= memory.count { continue }
        best = index
      }
      guard let best else { return nil }
      let memory = state.free.remove(at: best)
      state.bytes -= memory.count
      return memory
    }
    return found ?? LargeMemory.allocate(capacity)
  }

  fileprivate func giveBack(_ memory: UnsafeMutableRawBufferPointer) {
    state.withLock { state in
      // What is far larger than most is no use to them.
      guard memory.count <= limit / 2 else { return LargeMemory.deallocate(memory) }
      // What came back last is what the processor has at hand.
      while state.bytes + memory.count > limit, !state.free.isEmpty {
        let first = state.free.removeFirst()
        state.bytes -= first.count
        LargeMemory.deallocate(first)
      }
      state.free.append(memory)
      state.bytes += memory.count
    }
  }
}

/// Keeps bytes that come one after another, many to a buffer.
///
/// A buffer lives as long as anything in it: what is held for long does not belong beside what is not.
package struct SharedArena: Sendable {
  private let pool: SharedBufferPool
  private let bufferBytes: Int
  private var buffer: SharedBuffer?

  /// - Parameter keeping: how many bytes of memory that came back are kept for the next buffers.
  package init(bufferBytes: Int, keeping limit: Int) {
    self.bufferBytes = bufferBytes
    pool = SharedBufferPool(limit: limit, step: bufferBytes)
  }

  /// Copies bytes to where they stay.
  package mutating func keep(_ bytes: UnsafeRawBufferPointer) -> SharedBytes {
    if let buffer, buffer.room >= bytes.count { return buffer.append(bytes) }
    let next = pool.buffer(capacity: max(bufferBytes, bytes.count))
    buffer = next
    return next.append(bytes)
  }
}
