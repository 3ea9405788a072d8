/// A stack of plain values: an array without the checks of one, which writers feel that push and pop for every element.
@frozen
@usableFromInline package struct MemoryStack<Element: BitwiseCopyable>: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<Element>
  @usableFromInline var capacity: Int
  @usableFromInline package var count = 0

  @inlinable package init(capacity: Int) {
    self.capacity = Swift.max(capacity, 1)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  @inlinable package var isEmpty: Bool { count == 0 }

  @inlinable
  @inline(__always)
  package mutating func append(_ element: Element) {
    if count == capacity { grow() }
    (base + count).initialize(to: element)
    count &+= 1
  }

  @inlinable
  @inline(__always)
  package mutating func removeLast() -> Element {
    precondition(count > 0, "nothing is on the stack")
    count &-= 1
    return base[count]
  }

  /// Takes off all that stands above so many elements.
  @inlinable
  @inline(__always)
  package mutating func truncate(to count: Int) {
    precondition(count >= 0 && count <= self.count, "the stack is not so high")
    self.count = count
  }

  @inlinable package subscript(index: Int) -> Element {
    @inline(__always) get {
      assert(index >= 0 && index < count)
      return base[index]
    }
    @inline(__always) set {
      assert(index >= 0 && index < count)
      base[index] = newValue
    }
  }

  /// The elements from one on, to be changed in place; valid until the next one is pushed.
  @inlinable package func elements(from index: Int) -> UnsafeMutableBufferPointer<Element> {
    UnsafeMutableBufferPointer(start: base + index, count: count - index)
  }

  @usableFromInline
  @inline(never)
  mutating func grow() {
    let wider = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
    wider.moveInitialize(from: base, count: count)
    base.deallocate()
    base = wider
    capacity *= 2
  }
}
