import Memory
import Testing

@Suite("Large memory")
struct LargeMemoryTests {
  @Test("A block has the room that was asked for, small or large")
  func room() {
    for count in [1, 4096, LargeMemory.threshold - 1, LargeMemory.threshold, 5_000_001] {
      let block = LargeMemory.allocate(count)
      #expect(block.count >= count)
      block.initializeMemory(as: UInt8.self, repeating: 7)
      #expect(block[count - 1] == 7)
      LargeMemory.deallocate(block)
    }
  }

  @Test("Blocks in use at one time share nothing, though blocks are used again")
  func blocksAreDistinct() {
    LargeMemory.deallocate(LargeMemory.allocate(3 << 20))
    let blocks = (0..<5).map { number in
      let block = LargeMemory.allocate(3 << 20)
      block.initializeMemory(as: UInt8.self, repeating: UInt8(number))
      return block
    }
    for (number, block) in blocks.enumerated() { #expect(block.allSatisfy { $0 == UInt8(number) }) }
    for block in blocks { LargeMemory.deallocate(block) }
  }

  @Test(
    "What C code has grows and shrinks with its bytes",
    arguments: [
      [100, 200], [100, 3 << 20], [3 << 20, 100], [2 << 20, 9 << 20], [3 << 20, (3 << 20) - 1],
      [64, 1 << 20, 2 << 20, 4 << 20, 50],
    ])
  func reallocation(counts: [Int]) throws {
    var pointer: UnsafeMutableRawPointer?
    var kept = 0
    for count in counts {
      let moved = try #require(LargeMemory.realloc(pointer, count))
      let bytes = UnsafeMutableRawBufferPointer(start: moved, count: count)
      kept = min(kept, count)
      #expect((0..<kept).allSatisfy { bytes[$0] == UInt8(truncatingIfNeeded: $0 &* 31) })
      for index in 0..<count { bytes[index] = UInt8(truncatingIfNeeded: index &* 31) }
      kept = count
      pointer = moved
    }
    LargeMemory.free(pointer)
    LargeMemory.free(nil)
  }
}
