import Synchronization

/// Entries of Bundles that are to be made only if there is none like them (`ifNoneExist`), or to change the one that there is (PUT
/// with a search): of those of one condition the first of the run that is loaded is made, if none is stored and the run has no other.
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
    /// Whether the resource is a section of another document.
    let isSection: Bool
    let sequence: UInt64
  }

  private let first = Mutex<[UInt64: Entry]>([:])
  /// The others of each condition, which the first keeps out.
  private let others = Mutex<[UInt64: [Entry]]>([:])
  /// By the hash of a condition: what there is, besides the entries of that condition.
  private let found = Mutex<[UInt64: TargetIndex.Matches]>([:])

  func add(_ entry: Entry) {
    let hash = NameHash.of(entry.condition)
    first.withLock { first in
      guard let known = first[hash] else { return first[hash] = entry }
      let isEarlier = entry.sequence < known.sequence
      if isEarlier { first[hash] = entry }
      others.withLock { $0[hash, default: []].append(isEarlier ? known : entry) }
    }
  }

  /// The resource that there is, or that is made for a condition.
  func target(_ condition: String) -> TargetIndex.Matches {
    let hash = NameHash.of(condition)
    if let known = found.withLock({ $0[hash] }) { return known }
    return first.withLock { $0[hash].map { .one($0.target) } ?? .none }
  }

  /// Finds what there is, and makes it known, or what is made.
  ///
  /// - Parameters:
  ///   - stored: answers searches from the database.
  ///   - isLoaded: whether an entry will be loaded; asked where several want the same resource to be made.
  func settle(
    _ index: inout TargetIndex, _ stored: ([String]) throws -> [String: TargetIndex.Matches],
    isLoaded: (Entry) -> Bool
  ) rethrows {
    let entries = first.withLock { $0.values.sorted { $0.sequence < $1.sequence } }
    guard !entries.isEmpty else { return }
    let answers = try stored(entries.map(\.condition))
    for leader in entries {
      var entry = leader
      var matches = answers[entry.condition] ?? .none
      if case .none = matches { matches = index.matches(of: entry.condition) }
      var target = entry.target
      switch matches {
      case .none:
        entry = made(of: leader, isLoaded)
        target = entry.target
      case .one(let other):
        target = other
        found.withLock { $0[NameHash.of(entry.condition)] = matches }
      case .several:
        found.withLock { $0[NameHash.of(entry.condition)] = matches }
        continue
      }
      // What stands in sections is found within its Bundle alone.
      if entry.isSection { continue }
      index.add(target, names: entry.names)
      if let name = entry.name, target == entry.target { index.addName(name, of: target.key) }
    }
  }

  /// The first entry of a condition that will be loaded; the very first where none will be.
  private func made(of leader: Entry, _ isLoaded: (Entry) -> Bool) -> Entry {
    let hash = NameHash.of(leader.condition)
    guard let rivals = others.withLock({ $0[hash] }), !isLoaded(leader),
      let next = rivals.sorted(by: { $0.sequence < $1.sequence }).first(where: isLoaded)
    else { return leader }
    first.withLock { $0[hash] = next }
    return next
  }
}
