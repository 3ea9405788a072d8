import FHIRMapping
import Synchronization

/// Entries of Bundles that are for certain versions of a resource, and which of them find another; and resources that later entries
/// delete.
///
/// They are judged before anything is loaded, in their order among all that the run has of their resources, beginning with what the
/// database has. So the same input comes to the same end whichever worker has what, and however often it is killed.
final class VersionedEntries: Sendable {
  /// What the run has of a resource some of whose entries are for certain versions.
  struct Step: Sendable {
    let sequence: UInt64
    /// The hash of the resource's key.
    let key: UInt64
    /// What tells the entry's transaction from others; nil for what stands for itself.
    let transaction: UInt64?
    let precondition: Precondition?
    /// What comes; nil where the entry deletes what is there.
    let version: ResourceVersion?
    /// Of an entry that deletes: see ``EntryRequest/gone``.
    let gone: ResourceVersion?
    /// Whether the database has the resource as this entry leaves it.
    let isStored: Bool
  }

  /// Hashes of the keys of these resources.
  let keys: Set<UInt64>
  private let steps = Mutex<[Step]>([])
  /// By the hash of its key: what the database has of a resource.
  private let stored = Mutex<[UInt64: ResourceVersion]>([:])
  /// By the entry's sequence.
  private let conflicts = Mutex<[UInt64: Precondition.Conflict]>([:])
  /// Sequences of what a later entry of the run deletes.
  private let deleted = Mutex<Set<UInt64>>([])

  init(keys: Set<UInt64>) { self.keys = keys }

  func add(_ step: Step, stored version: ResourceVersion?) {
    steps.withLock { $0.append(step) }
    if let version { stored.withLock { $0[step.key] = version } }
  }

  /// Why an entry is not to be loaded; nil for all others.
  func conflict(_ sequence: UInt64) -> Precondition.Conflict? {
    keys.isEmpty ? nil : conflicts.withLock { $0[sequence] }
  }

  /// Whether a resource is not loaded because a later entry of the run deletes it: else it would be made and deleted each time that the
  /// input comes.
  func isDeletedLater(_ sequence: UInt64) -> Bool {
    keys.isEmpty ? false : deleted.withLock { $0.contains(sequence) }
  }

  /// Judges all that was added.
  func settle() {
    let steps = steps.withLock { steps in
      defer { steps = [] }
      return steps.sorted { $0.sequence < $1.sequence }
    }
    var last: [UInt64: Int] = [:]
    for (number, step) in steps.enumerated() where step.isStored { last[step.key] = number }
    var present = stored.withLock { $0 }
    var found: [UInt64: Precondition.Conflict] = [:]
    var rest = steps.indices[...]
    while let first = rest.first {
      let transaction = steps[first].transaction
      let count =
        transaction == nil ? 1 : rest.prefix { steps[$0].transaction == transaction }.count
      // What a transaction would leave counts once all of it can be loaded.
      var changed: [UInt64: ResourceVersion?] = [:]
      var isRefused = false
      for number in rest.prefix(count) {
        let step = steps[number]
        // It was loaded before, and so was what came before it.
        if let last = last[step.key], number <= last { continue }
        let version = changed[step.key] ?? present[step.key]
        if let conflict = VersionedEntries.conflict(of: step, with: version) {
          found[step.sequence] = conflict
          isRefused = isRefused || transaction != nil
        } else if let own = step.version, let version, own.isOlder(than: version) {
          continue
        } else {
          changed.updateValue(step.version, forKey: step.key)
        }
      }
      if !isRefused { for (key, version) in changed { present[key] = version } }
      rest = rest.dropFirst(count)
    }
    var deletions: [UInt64: LastDeletion] = [:]
    // A transaction that deletes may be refused yet.
    for step in steps where step.version == nil && step.transaction == nil && found[step.sequence] == nil {
      deletions[step.key, default: LastDeletion()].add(step)
    }
    let gone = steps.lazy.filter { step in
      guard let version = step.version, found[step.sequence] == nil else { return false }
      return deletions[step.key]?.takes(version, step.sequence) ?? false
    }.map(\.sequence)
    conflicts.withLock { $0 = found }
    deleted.withLock { $0 = Set(gone) }
  }

  private static func conflict(of step: Step, with version: ResourceVersion?) -> Precondition.Conflict? {
    guard let precondition = step.precondition, let conflict = precondition.conflict(with: version) else {
      return nil
    }
    guard let own = step.version else { return version == nil ? nil : conflict }
    if let version, own.isOlder(than: version), precondition.mayHaveBeenMet(by: own) { return nil }
    return conflict
  }
}

/// The last of the entries that delete a resource.
private struct LastDeletion {
  private var sequence: UInt64 = 0
  /// Where histories tell of versions: the newest with which the resource was gone.
  private var gone: ResourceVersion?

  mutating func add(_ step: VersionedEntries.Step) {
    sequence = max(sequence, step.sequence)
    if let other = step.gone, gone?.isOlder(than: other) ?? true { gone = other }
  }

  /// Whether the resource is deleted after a version of it: as their versions say, else as the entries stand.
  func takes(_ version: ResourceVersion, _ place: UInt64) -> Bool {
    guard let gone else { return place < sequence }
    if gone.isOlder(than: version) { return false }
    return version.isOlder(than: gone) || place < sequence
  }
}
