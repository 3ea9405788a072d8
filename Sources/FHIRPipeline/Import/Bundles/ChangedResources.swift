/// The resources that the entries of a transaction change: none may be named twice.
///
/// See http://hl7.org/fhir/R4/http.html#trules
struct ChangedResources {
  /// Hashes of their keys, one for each entry.
  private var hashes: [UInt64] = []

  mutating func add(_ key: String) { hashes.append(NameHash.of(key)) }

  mutating func add(_ other: ChangedResources) { hashes += other.hashes }

  /// Hashes of the keys that several entries have.
  var repeated: Set<UInt64> {
    let sorted = hashes.sorted()
    return Set(zip(sorted, sorted.dropFirst()).lazy.filter { $0 == $1 }.map(\.0))
  }
}
