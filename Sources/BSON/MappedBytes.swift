import Glibc

/// Bytes of a file as if they were memory: for what is larger than a process is to be.
///
/// They count as the process's memory only from when they are touched until they are released, and can be read again at any
/// time. The system keeps as much of the file in its cache as it has room for.
package final class MappedBytes: @unchecked Sendable {
  // Safe to share: nobody writes to the bytes.

  package let bytes: UnsafeRawBufferPointer

  /// How many small things, here and there, may be touched between two releases: each brings its surroundings.
  package static let touches = 256

  /// What stands in a file, or will stand there before it is asked for: nothing behind the file's end may be touched.
  ///
  /// nil where the system cannot map it.
  package init?(descriptor: Int32, count: Int) {
    guard count > 0,
      let start = mmap(nil, count, PROT_READ, MAP_SHARED, descriptor, 0), start != MAP_FAILED
    else { return nil }
    // Who touches a byte here and there would have two megabytes for each.
    madvise(start, count, MADV_NOHUGEPAGE)
    bytes = UnsafeRawBufferPointer(start: start, count: count)
  }

  deinit { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }

  /// Lets go of the memory; the bytes stay where they are, and come back when they are touched.
  package func release() {
    madvise(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count, MADV_DONTNEED)
  }
}

extension SharedBytes {
  /// Some bytes of a file, held for as long as this is.
  package init(_ mapped: MappedBytes, _ range: Range<Int>) {
    self.init(UnsafeRawBufferPointer(rebasing: mapped.bytes[range]), of: mapped)
  }

  /// Where they stand, if that is in a file.
  package var mapped: MappedBytes? { owner as? MappedBytes }
}

extension [MappedBytes] {
  /// Takes note that something was touched, and lets go of the memory every so often.
  @inline(__always)
  package func passed(_ number: Int) {
    if !isEmpty, number % MappedBytes.touches == MappedBytes.touches - 1 { release() }
  }

  package func release() { for mapped in self { mapped.release() } }
}
