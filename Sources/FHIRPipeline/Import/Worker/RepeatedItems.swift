import FHIRModel
import Synchronization

/// Which items of sections come more than once, found without keeping all keys in memory: their hashes are sorted.
///
/// ``RepeatedKeys`` may take a few for repeated that are not. Here that would cost another pass over the inputs.
final class RepeatedItems: Sendable {
  private let hashes = Mutex(SortedRuns<UInt64>())

  /// Takes note of a key, by its hash.
  func note(_ hash: UInt64) { hashes.withLock { $0.append(hash) } }

  /// Takes note of a key that is `Type/id`.
  func note(type: UnsafeBufferPointer<UInt8>, id: UnsafeBufferPointer<UInt8>) {
    withUnsafeTemporaryAllocation(byteCount: type.count + 1 + id.count, alignment: 8) { key in
      key.copyMemory(from: UnsafeRawBufferPointer(type))
      key[type.count] = UInt8(ascii: "/")
      UnsafeMutableRawBufferPointer(rebasing: key[(type.count + 1)...])
        .copyMemory(from: UnsafeRawBufferPointer(id))
      note(NameHash.of(UnsafeRawBufferPointer(key)))
    }
  }

  /// The hashes of keys that came more than once; nil where they are more than so many.
  func take(most: Int) -> Set<UInt64>? {
    let sorted = hashes.withLock { hashes in
      defer { hashes = SortedRuns() }
      return hashes.sorted()
    }
    var repeated: Set<UInt64> = []
    var last: UInt64?
    for hash in sorted {
      if hash == last, repeated.insert(hash).inserted, repeated.count > most { return nil }
      last = hash
    }
    return repeated
  }
}
