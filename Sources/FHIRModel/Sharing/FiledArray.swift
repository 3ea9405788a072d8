import Synchronization

/// An array of plain values that takes no more than some megabytes of memory, however long it is.
///
/// What is long stands in a temporary file that is read and written as memory; the pages that were touched are let go of every so
/// often. Where no file can be had, it stays in memory.
@frozen
@usableFromInline
package struct FiledArray<Element: BitwiseCopyable>: @unchecked Sendable {
  // Safe to share: an array's storage is written while it is the only one that has it.

  @usableFromInline var storage: Storage?
  @usableFromInline package private(set) var count = 0

  @inlinable
  package init() {}

  package init(repeating element: Element, count: Int) {
    guard count > 0 else { return }
    let storage = Storage(capacity: count)
    self.storage = storage
    self.count = count
    for index in 0..<count {
      (storage.base + index).initialize(to: element)
      storage.touch(index)
    }
  }

  /// Makes room for so many elements in all: what is made longer step by step may take twice its room meanwhile.
  package mutating func reserveCapacity(_ minimum: Int) {
    if minimum > count { _ = own(for: minimum) }
  }

  @inlinable
  package mutating func append(_ element: Element) {
    let storage = own(for: count + 1)
    (storage.base + count).initialize(to: element)
    storage.touch(count)
    count &+= 1
  }

  @usableFromInline
  package mutating func append(contentsOf elements: [Element]) {
    elements.withUnsafeBufferPointer { append(contentsOf: $0) }
  }

  package mutating func append(contentsOf elements: UnsafeBufferPointer<Element>) {
    guard let first = elements.baseAddress, !elements.isEmpty else { return }
    let storage = own(for: count + elements.count)
    (storage.base + count).update(from: first, count: elements.count)
    storage.touch(count..<count + elements.count)
    count += elements.count
  }

  /// Some of the elements where they stand: valid until the array is changed, or gone.
  @usableFromInline
  package func lend(_ range: Range<Int>) -> UnsafeBufferPointer<Element> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range beyond an array's end")
    guard let storage, !range.isEmpty else { return UnsafeBufferPointer(start: nil, count: 0) }
    storage.touch(range)
    return UnsafeBufferPointer(start: storage.base + range.lowerBound, count: range.count)
  }

  /// Lets go of the memory of an array that stands in a file.
  package func release() { storage?.release() }

  /// Storage of the array's own, with room for so many elements.
  @inlinable
  mutating func own(for minimum: Int) -> Storage {
    // Asked before anybody else here holds it.
    if isKnownUniquelyReferenced(&storage), let storage, minimum <= storage.capacity { return storage }
    return prepared(for: minimum)
  }

  @usableFromInline
  @inline(never)
  mutating func prepared(for minimum: Int) -> Storage {
    let isOwn = isKnownUniquelyReferenced(&storage)
    let capacity = minimum <= storage?.capacity ?? 0 ? minimum : Swift.max(minimum, count * 2)
    if isOwn, let storage {
      storage.grow(to: capacity, count: count)
      return storage
    }
    let own = Storage(capacity: capacity)
    if let storage { own.copy(count, from: storage) }
    storage = own
    return own
  }

  @usableFromInline
  final class Storage {
    @usableFromInline private(set) var base: UnsafeMutablePointer<Element>
    @usableFromInline private(set) var capacity: Int
    @usableFromInline private(set) var isFiled: Bool
    private var file: TemporaryMemory?
    /// The stretch of the file that was touched last, and how many were since memory was let go of.
    private let last = Atomic<Int>(-1)
    private let touched = Atomic<Int>(0)

    init(capacity: Int) {
      self.capacity = Swift.max(capacity, 4)
      file = TemporaryMemory(byteCount: self.capacity * MemoryLayout<Element>.stride)
      base =
        file?.base.bindMemory(to: Element.self, capacity: self.capacity)
        ?? GrowingMemory.allocate(self.capacity)
      isFiled = file != nil
    }

    deinit { if file == nil { GrowingMemory.free(base) } }

    func grow(to capacity: Int, count: Int) {
      if file == nil, capacity * MemoryLayout<Element>.stride <= TemporaryMemory.least {
        base = GrowingMemory.resize(base, to: capacity)
      } else {
        let larger = Storage(capacity: capacity)
        larger.copy(count, from: self)
        (base, larger.base) = (larger.base, base)
        (file, larger.file) = (larger.file, file)
        isFiled = file != nil
      }
      self.capacity = capacity
    }

    /// Copies the first elements of another, step by step: neither is to be in memory as a whole.
    func copy(_ count: Int, from other: Storage) {
      var done = 0
      while done < count {
        let step = Swift.min(
          count - done, Swift.max(1, TemporaryMemory.least / 4 / MemoryLayout<Element>.stride))
        (base + done).update(from: other.base + done, count: step)
        release()
        other.release()
        done += step
      }
    }

    @inlinable
    @inline(__always)
    func touch(_ index: Int) {
      if isFiled { touchFile(index) }
    }

    @usableFromInline
    @inline(never)
    func touchFile(_ index: Int) {
      let stretch = (index * MemoryLayout<Element>.stride) >> 16
      guard last.load(ordering: .relaxed) != stretch else { return }
      last.store(stretch, ordering: .relaxed)
      // The system brings the surroundings of what is touched along: some 64 KB.
      if touched.wrappingAdd(1, ordering: .relaxed).newValue >= 64 { release() }
    }

    /// What is lent or written as a whole may be many stretches long.
    func touch(_ range: Range<Int>) {
      guard isFiled else { return }
      let more = range.count * MemoryLayout<Element>.stride >> 16
      if more > 0 { touched.wrappingAdd(more, ordering: .relaxed) }
      touchFile(range.lowerBound)
    }

    func release() {
      touched.store(0, ordering: .relaxed)
      file?.release()
    }
  }
}

extension FiledArray: RandomAccessCollection, MutableCollection {
  @inlinable package var startIndex: Int { 0 }
  @inlinable package var endIndex: Int { count }

  @inlinable
  package subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count, "an index beyond an array's end")
      // what has elements has storage
      let storage = storage.unsafelyUnwrapped
      storage.touch(index)
      return storage.base[index]
    }
    set {
      precondition(index >= 0 && index < count, "an index beyond an array's end")
      let storage = own(for: count)
      storage.touch(index)
      storage.base[index] = newValue
    }
  }
}
