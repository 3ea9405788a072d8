import FHIRModel
import Synchronization

/// Which files have the people and the like that others may call by a business identifier.
struct EntityPlaces: Sendable {
  /// In order, each once.
  private var places = FiledArray<KeyPlace>()

  /// The numbers of the files that have a resource, by the hash of its key.
  func files(of hash: UInt64) -> [Int] {
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if places[middle].hash < hash { low = middle + 1 } else { high = middle }
    }
    var files: [Int] = []
    while low < places.count, places[low].hash == hash {
      files.append(places[low].file)
      low += 1
    }
    return files
  }

  /// Takes note of them as they come.
  final class Notes: Sendable {
    private let noted = Mutex(SortedRuns<KeyPlace>())

    func note(_ hash: UInt64, of file: Int) { noted.withLock { $0.append(KeyPlace(hash: hash, file: file)) } }

    func take() -> EntityPlaces {
      let sorted = noted.withLock { noted in
        defer { noted = SortedRuns() }
        return noted.sorted()
      }
      var found = EntityPlaces()
      var last: KeyPlace?
      for place in sorted where place != last {
        found.places.append(place)
        last = place
      }
      return found
    }
  }
}
