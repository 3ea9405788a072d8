import Synchronization

/// Which documents several resources of a run contribute to, found without keeping all keys.
///
/// A bit map of hashes tells whether a key came before. It may say so of a key that did not: its document then waits for
/// more parts that never come, which costs a little time and is never wrong.
final class RepeatedKeys: Sendable {
  private let bits: Bits
  private let repeated = Mutex<Set<UInt64>>([])

  /// A fixed number of bits that are set, and never cleared.
  private final class Bits: @unchecked Sendable {
    // Safe to share: every word is atomic, and the memory lives as long as the object.
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    init(words count: Int) {
      self.count = count
      words = .allocate(capacity: count)
      for i in 0..<count { (words + i).initialize(to: Atomic(0)) }
    }

    deinit {
      words.deinitialize(count: count)
      words.deallocate()
    }

    /// Sets a bit, one of 64 for each word; returns whether it was set before.
    func set(_ number: UInt64) -> Bool {
      let number = number & UInt64(count * 64 - 1)
      let bit = UInt64(1) << (number & 63)
      return words[Int(number >> 6)].bitwiseOr(bit, ordering: .relaxed).oldValue & bit != 0
    }
  }

  /// - Parameter expectedBytes: size of the inputs; decides how many bits there are (at most 16 MB).
  init(expectedBytes: Int) {
    var words = 1 << 10
    while words < 1 << 21 && words * 64 < expectedBytes / 16 { words *= 2 }
    bits = Bits(words: words)
  }

  /// Takes note of a key, by its hash.
  func note(_ hash: UInt64) {
    guard bits.set(hash ^ hash >> 32) else { return }
    repeated.withLock { _ = $0.insert(hash) }
  }

  /// The hashes of keys that came more than once.
  func take() -> Set<UInt64> { repeated.withLock { $0 } }
}
