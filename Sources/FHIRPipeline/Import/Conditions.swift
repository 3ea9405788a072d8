import Synchronization

/// Entries of Bundles that are to be made only if there is none like them (`ifNoneExist`), or to change the one that there is (PUT
/// with a search): of those of one condition the first of the run is made, if none is stored.
///
/// See http://hl7.org/fhir/R4/http.html#ccreate and http://hl7.org/fhir/R4/http.html#cond-update
final class Conditions: Sendable {
  struct Entry: Sendable {
    let condition: String
    let target: TargetIndex.Target
    /// Hashes of what else the entry's resource is called.
    let names: [UInt64]
    /// An organization's own name.
    let name: String?
    let sequence: UInt64
  }

  private let first = Mutex<[UInt64: Entry]>([:])

  func add(_ entry: Entry) {
    let hash = NameHash.of(entry.condition)
    first.withLock { first in
      if let known = first[hash], known.sequence <= entry.sequence { return }
      first[hash] = entry
    }
  }

  /// The resource that is made for a condition.
  func target(_ condition: String) -> TargetIndex.Target? {
    first.withLock { $0[NameHash.of(condition)]?.target }
  }

  /// Makes the resources known that are made, or are there already.
  func add(to index: inout TargetIndex, _ stored: (String) -> TargetIndex.Target?) {
    for entry in first.withLock({ $0.values.sorted { $0.sequence < $1.sequence } }) {
      let target = stored(entry.condition) ?? entry.target
      index.add(target, names: entry.names)
      if let name = entry.name, target == entry.target { index.setName(name, of: target.key) }
    }
  }
}
