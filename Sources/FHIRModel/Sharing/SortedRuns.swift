/// Plain values that come in any order and go in order, however many they are, in some megabytes of memory.
///
/// They are sorted in runs that stand one behind the other in a ``FiledArray``, and the runs are merged as they are read.
@frozen
@usableFromInline
package struct SortedRuns<Element: BitwiseCopyable & Comparable & Sendable>: Sendable {
  @usableFromInline var waiting: [Element] = []
  @usableFromInline var filed = FiledArray<Element>()
  /// Where the runs end.
  @usableFromInline var ends: [Int] = []

  /// Elements of a run, which is sorted in memory.
  @inlinable static var runCount: Int { max((4 << 20) / MemoryLayout<Element>.stride, 1) }
  /// Elements of all runs that are in memory while they are merged.
  @inlinable static var mergedCount: Int { runCount }

  @inlinable
  package init() {}

  @inlinable
  package mutating func append(_ element: Element) {
    waiting.append(element)
    if waiting.count >= Self.runCount { endRun() }
  }

  @inlinable
  mutating func endRun() {
    waiting.sort()
    filed.append(contentsOf: waiting)
    ends.append(filed.count)
    waiting.removeAll(keepingCapacity: true)
  }

  /// All elements in order.
  @inlinable
  package func sorted() -> Sorted { Sorted(self) }

  @frozen
  @usableFromInline
  package struct Sorted: IteratorProtocol, Sequence {
    @usableFromInline let filed: FiledArray<Element>
    /// By run: the elements that are in memory, in reverse order, and those of the file that are not yet.
    @usableFromInline var blocks: [[Element]]
    @usableFromInline var rest: [Range<Int>]
    @usableFromInline let blockCount: Int
    /// Numbers of the runs as a heap, that with the least element first.
    @usableFromInline var heap: [Int]

    @inlinable
    init(_ runs: SortedRuns) {
      filed = runs.filed
      blockCount = Swift.max(SortedRuns.mergedCount / Swift.max(runs.ends.count, 1), 16)
      // What waits is one more run.
      blocks = Array(repeating: [], count: runs.ends.count) + [runs.waiting.sorted(by: >)]
      rest = runs.ends.indices.map { ($0 == 0 ? 0 : runs.ends[$0 - 1])..<runs.ends[$0] } + [0..<0]
      heap = []
      for run in blocks.indices {
        fill(run)
        if !blocks[run].isEmpty { heap.append(run) }
      }
      for place in heap.indices.reversed() { sink(place) }
    }

    @inlinable
    package mutating func next() -> Element? {
      guard let run = heap.first, let element = blocks[run].popLast() else { return nil }
      if blocks[run].isEmpty { fill(run) }
      if blocks[run].isEmpty {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
      }
      sink(0)
      return element
    }

    @inlinable
    mutating func fill(_ run: Int) {
      let block = rest[run].prefix(blockCount)
      blocks[run].append(contentsOf: filed.lend(block).reversed())
      rest[run] = block.upperBound..<rest[run].upperBound
    }

    /// Whether the least element of one run comes before another's.
    @inlinable
    func isBefore(_ a: Int, _ b: Int) -> Bool {
      // the runs in the heap have elements
      blocks[a][blocks[a].count - 1] < blocks[b][blocks[b].count - 1]
    }

    @inlinable
    mutating func sink(_ start: Int) {
      var place = start
      while true {
        var least = place
        for child in [2 * place + 1, 2 * place + 2]
        where child < heap.count && isBefore(heap[child], heap[least]) {
          least = child
        }
        if least == place { return }
        heap.swapAt(place, least)
        place = least
      }
    }
  }
}
