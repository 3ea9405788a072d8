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
  /// Hashes of the conditions to which an entry of the run without one is the answer.
  private let answered = Mutex<Set<UInt64>>([])

  /// Hashes of the keys of resources that were to be loaded and are not.
  private let refused = Mutex<Set<UInt64>>([])

  /// Takes note of a resource that the database does not take.
  func refuse(_ key: String) {
    guard others.withLock({ !$0.isEmpty }) || answered.withLock({ !$0.isEmpty }) else { return }
    refused.withLock { _ = $0.insert(NameHash.of(key)) }
  }

  /// The conditions to which something of the run is the answer that was not loaded, by the names of what they search for, and the
  /// files with entries that it kept out.
  var broken: (names: Set<String>, files: Set<Int>) {
    let refused = refused.withLock { $0 }
    var names: Set<String> = []
    var files: Set<Int> = []
    guard !refused.isEmpty else { return (names, files) }
    let others = others.withLock { $0 }
    let found = found.withLock { $0 }
    let answered = answered.withLock { $0 }
    for (hash, first) in first.withLock({ $0 }) {
      var answer = first.target
      if let matches = found[hash] {
        guard case .one(let target) = matches, answered.contains(hash) else { continue }
        answer = target
      }
      guard refused.contains(NameHash.of(answer.key)) else { continue }
      let keptOut = ([first] + (others[hash] ?? [])).filter { $0.target != answer }
      guard !keptOut.isEmpty else { continue }
      names.insert(first.condition)
      files.formUnion(keptOut.map { Int($0.sequence >> 40) })
    }
    return (names, files)
  }

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
    _ index: inout TargetIndex, _ stored: ([String]) throws -> [String: [TargetIndex.Target]],
    isLoaded: (Entry) -> Bool
  ) rethrows {
    let entries = first.withLock { $0.values.sorted { $0.sequence < $1.sequence } }
    guard !entries.isEmpty else { return }
    let answers = try stored(entries.map(\.condition))
    for leader in entries {
      var entry = leader
      var matches = TargetIndex.Matches(answers[entry.condition] ?? [])
      if case .none = matches {
        matches = index.matches(of: entry.condition)
        if case .one = matches { answered.withLock { _ = $0.insert(NameHash.of(entry.condition)) } }
      }
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
