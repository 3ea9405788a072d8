import FHIRModel
import Synchronization

/// Which items of sections come more than once, found without keeping all keys in memory: their hashes are sorted.
///
/// ``RepeatedKeys`` may take a few for repeated that are not. Here that would cost another pass over the inputs.
final class RepeatedItems: Sendable {
  struct Found: Sendable {
    /// The hashes of keys that came more than once.
    var keys: Set<UInt64> = []
    /// The numbers of the files that have them.
    var files: Set<Int> = []
  }

  private let places = Mutex(SortedRuns<KeyPlace>())

  /// Takes note of a key, by its hash, that stands in a file.
  func note(_ hash: UInt64, of file: Int) { places.withLock { $0.append(KeyPlace(hash: hash, file: file)) } }

  /// The keys that came more than once; nil where they are more than so many.
  func take(most: Int) -> Found? {
    let sorted = places.withLock { places in
      defer { places = SortedRuns() }
      return places.sorted()
    }
    var found = Found()
    var last: KeyPlace?
    for place in sorted {
      if let last, last.hash == place.hash {
        if found.keys.insert(place.hash).inserted, found.keys.count > most { return nil }
        found.files.insert(last.file)
        found.files.insert(place.file)
      }
      last = place
    }
    return found
  }
}
