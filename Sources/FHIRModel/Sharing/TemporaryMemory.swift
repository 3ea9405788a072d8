import Glibc

/// A temporary file without a name, which only this process can open, as memory.
final class TemporaryMemory {
  /// Fewer bytes are no matter for a file.
  static let least = 8 << 20

  let base: UnsafeMutableRawPointer
  private let byteCount: Int

  /// nil for what is short, and where the system has no such file, or no room in it.
  init?(byteCount: Int) {
    guard byteCount > TemporaryMemory.least,
      let descriptor = UnnamedFile.open(in: UnnamedFile.systemFolder)
    else { return nil }
    defer { close(descriptor) }
    // To write into memory for which the file has no room would be the program's end.
    guard posix_fallocate(descriptor, 0, off_t(byteCount)) == 0,
      let memory = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      memory != MAP_FAILED
    else { return nil }
    // Who touches a byte here and there would have two megabytes for each: of huge pages, and of what the system reads ahead.
    madvise(memory, byteCount, MADV_NOHUGEPAGE)
    madvise(memory, byteCount, MADV_RANDOM)
    base = memory
    self.byteCount = byteCount
  }

  deinit { munmap(base, byteCount) }

  /// Lets go of the memory; what was written stays in the file.
  func release() { madvise(base, byteCount, MADV_DONTNEED) }
}
