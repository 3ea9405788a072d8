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
  ///
  /// - Parameter sought: hashes of keys of which it is asked whether they came at all.
  func take(most: Int, seeking sought: Set<UInt64>) -> (repeated: Found?, came: Set<UInt64>) {
    let sorted = places.withLock { places in
      defer { places = SortedRuns() }
      return places.sorted()
    }
    var found: Found? = Found()
    var came: Set<UInt64> = []
    var last: KeyPlace?
    for place in sorted {
      if !sought.isEmpty, sought.contains(place.hash) { came.insert(place.hash) }
      if let last, last.hash == place.hash {
        found?.keys.insert(place.hash)
        found?.files.insert(last.file)
        found?.files.insert(place.file)
        if found?.keys.count ?? 0 > most { found = nil }
      }
      last = place
      if found == nil, sought.isEmpty { break }
    }
    return (found, came)
  }
}
