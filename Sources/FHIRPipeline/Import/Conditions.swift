import Synchronization

/// Entries of Bundles that are to be made only if there is none like them (`ifNoneExist`): of those of one condition the
/// first of the run is made.
///
/// See http://hl7.org/fhir/R4/http.html#ccreate
final class Conditions: Sendable {
  struct Entry: Sendable {
    let target: TargetIndex.Target
    /// What else the entry's resource is called.
    let names: [String]
    /// An organization's own name.
    let name: String?
    let sequence: UInt64
  }

  private let first = Mutex<[UInt64: Entry]>([:])

  func add(_ entry: Entry, condition: String) {
    let hash = ContentHash.of(condition)
    first.withLock { first in
      if let known = first[hash], known.sequence <= entry.sequence { return }
      first[hash] = entry
    }
  }

  /// The resource that is made for a condition.
  func target(_ condition: String) -> TargetIndex.Target? {
    first.withLock { $0[ContentHash.of(condition)]?.target }
  }

  /// Makes the resources known that are made.
  func add(to index: inout TargetIndex) {
    for entry in first.withLock({ $0.values.sorted { $0.sequence < $1.sequence } }) {
      index.add(type: entry.target.type, id: entry.target.id, names: entry.names)
      if let name = entry.name { index.setName(name, of: entry.target.key) }
    }
  }
}
