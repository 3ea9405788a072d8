import Synchronization

/// Keys that came, in a memory that does not grow with their number (Bloom's filter): it may say so of one that did not come, of a few in
/// a hundred at five million keys, and never forgets one that did.
final class KeyFilter: @unchecked Sendable {
  // Safe to share: every word is atomic, and the memory lives as long as the object.
  private let words: UnsafeMutablePointer<Atomic<UInt64>>

  /// 8 MB; a power of two.
  private static let count = 1 << 20

  init() {
    words = .allocate(capacity: KeyFilter.count)
    for index in 0..<KeyFilter.count { (words + index).initialize(to: Atomic(0)) }
  }

  deinit {
    words.deinitialize(count: KeyFilter.count)
    words.deallocate()
  }

  /// The word and the bits that stand for a key: three of one word, so that a key costs one look at the memory.
  private static func place(_ hash: UInt64) -> (word: Int, bits: UInt64) {
    let bits = UInt64(1) << (hash & 63) | UInt64(1) << (hash >> 6 & 63) | UInt64(1) << (hash >> 12 & 63)
    return (Int(hash >> 18) & (count - 1), bits)
  }

  /// Adds a key by its hash; returns whether it was there, or seems so.
  @discardableResult
  func insert(_ hash: UInt64) -> Bool {
    let (word, bits) = KeyFilter.place(hash)
    return words[word].bitwiseOr(bits, ordering: .relaxed).oldValue & bits == bits
  }

  func mayHold(_ hash: UInt64) -> Bool {
    let (word, bits) = KeyFilter.place(hash)
    return words[word].load(ordering: .relaxed) & bits == bits
  }
}
