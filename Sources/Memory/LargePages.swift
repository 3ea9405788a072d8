import Glibc

/// Memory in pages of 2 MB, where the system has such: to touch a fresh page of 4 KB takes it two microseconds, and sixteen where the
/// machine is a virtual one whose host has to find it, which is more than to fill it. In pages of 2 MB the same bytes take a fifth.
enum LargePages {
  static let bytes = 2 << 20

  /// So many bytes from the system, which begin with a large page.
  static func map(_ count: Int) -> UnsafeMutableRawPointer {
    // The system aligns to small pages: what is too much before and behind goes back.
    let whole = mmap(nil, count + bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let whole, whole != MAP_FAILED else {
      // No input leads here, only a system without memory: Swift's own allocations end the program there as well, and what was
      // loaded by then is whole.
      fatalError("the system has no memory left")
    }
    let before = (bytes - Int(bitPattern: whole) % bytes) % bytes
    let start = whole + before
    if before > 0 { munmap(whole, before) }
    munmap(start + count, bytes - before)
    // Where there are no large pages, small ones do.
    madvise(start, count, MADV_HUGEPAGE)
    return start
  }
}
