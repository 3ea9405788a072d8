import DocumentStore
import FHIRMapping
import Synchronization

/// Resources of sections that the run has in several documents, and appointments that it has in several lists: versions that name
/// different patients, or another time.
///
/// Which of them counts is settled before anything is loaded, by the rule by which one does of several in one document
/// (``ResourceVersion/counting(of:)``). The others are not loaded: else they would be written, and taken out again, each time that the
/// input comes.
///
/// Most of what comes more than once stands in one document, as where exports overlap: a pass over the files that have it tells which does
/// not, and only of that the versions are looked at.
final class RivalItems: Sendable {
  /// More that come more than once are not looked at beforehand.
  static let most = 100_000

  /// A version of a resource, as it comes.
  struct Version: Sendable {
    let sequence: UInt64
    /// What stands for the documents that it would be part of, or listed in.
    let homes: UInt64
    let version: ResourceVersion
    /// What it is in its transaction; nil where it stands for itself.
    let inTransaction: InTransaction?
  }

  /// What comes with a transaction, which may be refused yet.
  struct InTransaction: Sendable {
    /// What tells the transaction from others.
    let mark: UInt64
    let key: String
    let kind: DocumentKind
    let document: String
    let digest: ContentDigest.Words
  }

  /// The resources that come more than once.
  let repeated: RepeatedItems.Found
  /// By the hash of its key: what stands for the documents that a repeated resource was first found to be part of, or listed in.
  private let homes = Mutex<[UInt64: UInt64]>([:])
  /// Hashes of the keys of those that are found in another as well.
  private let apart = Mutex<Set<UInt64>>([])
  /// Whether there are any; asked for every resource.
  private let areThere = Atomic<Bool>(false)
  /// By the hash of its key.
  private let versions = Mutex<[UInt64: [Version]]>([:])
  private let settled = Mutex(Settled())

  private struct Settled {
    /// Sequences of what another counts instead of.
    var outdone: Set<UInt64> = []
    /// Those of them that are loaded all the same: what they lost to may be refused.
    var loaded: Set<UInt64> = []
  }

  /// Whether so many come more than once that none is looked at.
  let areTooMany: Bool

  /// - Parameter found: nil where they are too many.
  init(_ found: RepeatedItems.Found?) {
    repeated = found ?? RepeatedItems.Found()
    areTooMany = found == nil
  }

  /// Takes note of the documents that a resource would be part of, or listed in, by what stands for them.
  func locate(_ key: UInt64, in own: UInt64) {
    let first = homes.withLock { homes in
      if let first = homes[key] { return first }
      homes[key] = own
      return own
    }
    if first != own { apart.withLock { _ = $0.insert(key) } }
  }

  /// Ends looking for documents; returns whether versions of a resource are parts of different ones.
  func finishLocating() -> Bool {
    homes.withLock { $0 = [:] }
    let areThere = apart.withLock { !$0.isEmpty }
    self.areThere.store(areThere, ordering: .releasing)
    return areThere
  }

  /// Whether versions of a resource are parts of different documents.
  func contains(_ key: @autoclosure () -> UInt64) -> Bool {
    guard areThere.load(ordering: .acquiring) else { return false }
    let key = key()
    return apart.withLock { $0.contains(key) }
  }

  func add(_ version: Version, key: UInt64) {
    versions.withLock { $0[key, default: []].append(version) }
  }

  /// Whether another counts instead of a resource.
  func isOutdone(_ sequence: UInt64) -> Bool {
    areThere.load(ordering: .acquiring) && settled.withLock { $0.outdone.contains(sequence) }
  }

  /// Whether a resource is not loaded for the sake of another.
  func isPassedOver(_ sequence: UInt64) -> Bool {
    areThere.load(ordering: .acquiring)
      && settled.withLock { $0.outdone.contains(sequence) && !$0.loaded.contains(sequence) }
  }

  /// Settles which versions count.
  ///
  /// - Parameters:
  ///   - isGone: whether a version, by its sequence, is none that could count.
  ///   - isStored: whether the database has what a transaction brings.
  func settle(without isGone: (UInt64) -> Bool, _ isStored: (InTransaction) throws -> Bool) rethrows {
    let all = versions.withLock { versions in
      defer { versions = [:] }
      return versions.values.map { rivals in
        rivals.filter { !isGone($0.sequence) }.sorted { $0.sequence < $1.sequence }
      }
    }
    var found = Settled()
    for rivals in all where rivals.contains(where: { $0.homes != rivals[0].homes }) {
      // A transaction that names a resource twice is refused.
      let marks = rivals.compactMap(\.inTransaction?.mark)
      guard Set(marks).count == marks.count else { continue }
      let winner = rivals[ResourceVersion.counting(of: rivals.map(\.version))]
      let losers = rivals.lazy.map(\.sequence).filter { $0 != winner.sequence }
      found.outdone.formUnion(losers)
      if let open = winner.inTransaction, try !isStored(open) { found.loaded.formUnion(losers) }
    }
    settled.withLock { $0 = found }
  }
}
