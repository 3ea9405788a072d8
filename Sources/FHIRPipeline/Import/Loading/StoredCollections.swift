import BSON
import DocumentStore
import Synchronization

/// The collections of a run: which of them had documents before it, and the indexes that finding stored resources by name
/// needs.
///
/// A collection that is made costs the server tens of milliseconds, as much as loading a small Bundle; most of them it
/// waits for its disk. So collections are made beside the run's other work, as soon as it is clear that they get documents.
final class StoredCollections: Sendable {
  static let namesIndex = IndexDefinition(
    name: "fhirline_names", keys: [StoredTargets.namesPath: 1], isSparse: true)

  /// What finds documents by a field that says what they are called.
  static func index(of field: String) -> IndexDefinition {
    IndexDefinition(name: SetUpPlan.indexPrefix + field, keys: BSONFields([.init(field, 1)]), isSparse: true)
  }

  /// What finds charts that an application keeps under an `_id` of their own. Hardly any chart has the field: the index is empty.
  static let ownerIndex = IndexDefinition(
    name: SetUpPlan.indexPrefix + DocumentPlace.chartOwner, keys: [DocumentPlace.chartOwner: 1],
    isSparse: true)

  private let store: DocumentStore
  /// That whose documents may say whose they are in a field.
  private let owned: String
  /// Those whose documents have names, with the fields that say some of them.
  private let named: [String: [String]]
  /// Whether collections and indexes are made; a run that only looks makes none.
  private let makes: Bool
  private let entries = Mutex<[String: Entry]>([:])
  /// The indexes that were made for questions.
  private let extra = Mutex<Set<String>>([])

  /// - Parameters:
  ///   - named: the collections whose documents have names, with the fields that say some of them.
  ///   - owned: the collection of charts.
  init(_ store: DocumentStore, named: [String: [String]], owned: String, makes: Bool) {
    self.store = store
    self.owned = owned
    self.named = named
    self.makes = makes
  }

  /// What is known of a collection, and the thread that makes it ready, once somebody wants it ready.
  private final class Entry: Sendable {
    private enum Readiness {
      case wanting
      case underWay(WorkerThread)
      case done
    }

    let hadDocuments: Bool
    let hasOtherIDs: Bool
    let hasOwners: Bool
    private let making: (@Sendable () throws -> Void)?
    private let readiness = Mutex(Readiness.wanting)
    private let failure = Failure()

    final class Failure: Sendable { let value = Mutex<StoreError?>(nil) }

    init(
      hadDocuments: Bool, hasOtherIDs: Bool, hasOwners: Bool, making: (@Sendable () throws -> Void)?
    ) {
      self.hadDocuments = hadDocuments
      self.hasOtherIDs = hasOtherIDs
      self.hasOwners = hasOwners
      self.making = making
    }

    func begin() {
      readiness.withLock { readiness in
        guard case .wanting = readiness else { return }
        guard let making else {
          readiness = .done
          return
        }
        let failure = failure
        let thread = WorkerThread {
          do {
            try making()
          } catch {
            failure.value.withLock {
              $0 = error as? StoreError ?? StoreError(.commandFailed, "a collection could not be made")
            }
          }
        }
        readiness = .underWay(thread)
      }
    }

    /// Waits for what has begun.
    func wait() throws {
      readiness.withLock { readiness in
        guard case .underWay(let thread) = readiness else { return }
        thread.join()
        readiness = .done
      }
      if let failure = failure.value.withLock({ $0 }) { throw failure }
    }
  }

  /// Begins making a collection and its index, where that is not done.
  func prepare(_ name: String) throws { try entry(name).begin() }

  /// Whether a collection had documents before the run: ask, or ``prepare(_:)`` it, before the run writes into it.
  ///
  /// Who only asks makes nothing: the collection may get no documents.
  func hadDocuments(_ name: String) throws -> Bool { try entry(name).hadDocuments }

  /// Whether some documents have an `_id` that is no text; false of a collection that nobody asked about.
  func hasOtherIDs(_ name: String) -> Bool { entries.withLock { $0[name]?.hasOtherIDs ?? false } }

  /// Whether some documents say in a field of their own whose they are; false of a collection that nobody asked about.
  func hasOwners(_ name: String) -> Bool { entries.withLock { $0[name]?.hasOwners ?? false } }

  /// Waits until documents may be written: indexes of an empty collection come first, because they then cost nothing.
  func awaitRoom(in name: String) throws {
    let entry = try entry(name)
    entry.begin()
    if !entry.hadDocuments { try entry.wait() }
  }

  /// Waits until documents can be looked for by their names.
  func awaitIndexes(of names: [String]) throws {
    let entries = try names.map { try entry($0) }
    for entry in entries { entry.begin() }
    for entry in entries { try entry.wait() }
  }

  /// Makes an index that a question needs, where that may be: without it the question takes long, and finds the same.
  func ensureIndex(_ index: IndexDefinition, on name: String) throws {
    guard makes, extra.withLock({ $0.insert(name + " " + index.name).inserted }) else { return }
    try store.persevering { connection in
      do {
        try StoredCollections.ensure(index, on: name, connection)
      } catch let error as StoreError where error.code == .notAuthorized {}
    }
  }

  /// Waits until all is made that has begun; returns why that failed.
  ///
  /// What is under way when the program ends is done by the server some time afterwards.
  func finish() -> PipelineFailure? {
    let all = entries.withLock { $0.values.map { $0 } }
    var first: PipelineFailure?
    for entry in all {
      do { try entry.wait() } catch {
        let message = (error as? StoreError)?.message ?? "\(error)"
        first = first ?? PipelineFailure(.connection, message)
      }
    }
    return first
  }

  private func entry(_ name: String) throws -> Entry {
    try entries.withLock { entries in
      if let known = entries[name] { return known }
      var found = false
      let first = FindOptions(projection: ["_id": 1], limit: 1)
      try store.persevering { connection in
        found = false
        try connection.find(in: name, options: first) { _ in found = true }
      }
      var hasOtherIDs = false
      if found {
        // The index tells, which has ids of a type beside each other.
        try store.persevering { connection in
          let others = try BSONDocument(["_id": ["$type": UnfitIDs.otherTypes]])
          try connection.find(others, in: name, options: first) { _ in hasOtherIDs = true }
        }
      }
      let entry = Entry(
        hadDocuments: found, hasOtherIDs: hasOtherIDs,
        hasOwners: try found && name == owned && saysOwners(name),
        making: makes ? making(name, isThere: found) : nil)
      entries[name] = entry
      return entry
    }
  }

  /// Whether a collection has documents that say whose they are; an index tells.
  private func saysOwners(_ name: String) throws -> Bool {
    try store.persevering { connection in
      if makes {
        do {
          try StoredCollections.ensure(StoredCollections.ownerIndex, on: name, connection)
        } catch let error as StoreError where error.code == .notAuthorized {
          // Without one each question would go through all charts: they are found by their `_id`s alone.
          return false
        }
      }
      var isSaid = false
      let filter = try BSONDocument([DocumentPlace.chartOwner: ["$exists": true]])
      let first = FindOptions(projection: ["_id": 1], limit: 1)
      try connection.find(filter, in: name, options: first) { _ in isSaid = true }
      return isSaid
    }
  }

  /// Makes an index unless it is there, if under another program's name.
  private static func ensure(
    _ index: IndexDefinition, on name: String, _ connection: borrowing StoreConnection
  ) throws(StoreError) {
    do { try connection.ensureIndexes([index], on: name) } catch  where error.code == .indexConflict {}
  }

  private func making(_ name: String, isThere: Bool) -> (@Sendable () throws -> Void)? {
    let (store, naming, isOwned) = (store, named[name], name == owned)
    guard naming != nil || !isThere else { return nil }
    return {
      try store.persevering { connection in
        if let naming {
          try connection.ensureIndexes([StoredCollections.namesIndex], on: name)
          // What came with this run is known without being asked for.
          for field in isThere ? naming : [] {
            try StoredCollections.ensure(StoredCollections.index(of: field), on: name, connection)
          }
        } else {
          // Whoever may not make one makes it with what is inserted, or is told then.
          do {
            try isOwned
              ? connection.ensureIndexes([StoredCollections.ownerIndex], on: name)
              : connection.createCollection(name)
          } catch let error as StoreError where error.code == .notAuthorized {}
        }
      }
    }
  }
}
