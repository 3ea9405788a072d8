import Glibc

/// Memory for plain values that grows where it stands.
///
/// The system moves what is large without copying it: the text of a huge resource is not there twice while it grows.
package enum GrowingMemory<Element: BitwiseCopyable> {
  package static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Element> { resize(nil, to: capacity) }

  /// The same values with room for so many; the pointer that was given is of no use afterwards.
  package static func resize(
    _ memory: UnsafeMutablePointer<Element>?, to capacity: Int
  ) -> UnsafeMutablePointer<Element> {
    guard let resized = realloc(memory, max(capacity, 1) * MemoryLayout<Element>.stride) else {
      // As Swift's own allocations do: no input leads here, only a system without memory.
      fatalError("the system has no memory left")
    }
    return resized.bindMemory(to: Element.self, capacity: max(capacity, 1))
  }

  package static func free(_ memory: UnsafeMutablePointer<Element>) { Glibc.free(memory) }
}
