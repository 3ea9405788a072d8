import CMalloc
import Glibc

/// How the C library's allocator, which Swift's objects come from, gives memory back to the system.
package enum MemoryReturn {
  /// Keeps what is free and stays with the process small. Call it before any threads start.
  ///
  /// glibc raises its threshold with every large block that is freed, up to 32 MB; from then on large blocks are cut out
  /// of the heap, where a small one that lives longer keeps all around it. A run over gigabytes held twice its data so.
  package static func prepare() {
    // Above what comes again and again, below what whole documents and partitions take.
    mallopt(M_MMAP_THRESHOLD, 9 << 17)
    // Setting one turns off the growth of both; this one's own default would return and fetch pages all the time.
    mallopt(M_TRIM_THRESHOLD, 4 << 20)
    // Threads get any arena that nobody has: of the eight a processor that there may be, each stage would leave others behind.
    mallopt(M_ARENA_MAX, Int32(max(2 * sysconf(Int32(_SC_NPROCESSORS_ONLN)), 4)))
  }

  /// Keeps less of what is free, in a long run: so much stays with every arena, and no trimming takes it.
  package static func keepLess() { mallopt(M_TRIM_THRESHOLD, 1 << 20) }

  /// Gives back what a stage of a long run has left free: the next needs memory of other sizes.
  package static func betweenStages() {
    ChunkMemory.returnFree()
    malloc_trim(0)
  }
}
