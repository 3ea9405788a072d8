import FHIRModel

/// The resources that the entries of a transaction change: none may be named twice.
///
/// See http://hl7.org/fhir/R4/http.html#trules
struct ChangedResources {
  /// Hashes of their keys, one for each entry.
  private var hashes = SortedRuns<UInt64>()

  mutating func add(_ key: String) { hashes.append(NameHash.of(key)) }

  mutating func add(_ other: ChangedResources) {
    for hash in other.hashes.sorted() { hashes.append(hash) }
  }

  /// Hashes of the keys that several entries have.
  var repeated: Set<UInt64> {
    var repeated: Set<UInt64> = []
    var last: UInt64?
    for hash in hashes.sorted() {
      if hash == last { repeated.insert(hash) }
      last = hash
    }
    return repeated
  }
}
