import FHIRFormats
import FHIRModel
import Synchronization

/// The first pass over a run's inputs: who is there to be referred to, and which documents come more than once.
///
/// Sections of charts are left out of both: they are many, what refers to them by anything but their id does so within
/// their Bundle, and their charts are put together from parts anyway. Of them it is only noted which come more than once.
struct IndexPass: Sendable {
  let workers: Int
  let reading: ReadOptions
  let heldBundleBytes: Int
  /// Whether resources of this type are sections of another document.
  let isSection: @Sendable (String) -> Bool
  /// What is of these servers is not there for this import.
  var strangers = StrangeServers()

  /// What a run's inputs hold.
  struct Result: Sendable {
    var index: TargetIndex
    /// Hashes of the keys (`Patient/1`) of which there are several resources.
    var repeated: Set<UInt64>
    /// Some of the patients that stand alone, not in Bundles: their ids.
    var patients: [String]
    /// Hashes of the keys that entries of Bundles want deleted.
    var deleted: Set<UInt64>
    /// By the hash of a search of entries that want deleted what it finds: what earlier runs loaded of it.
    var searched: [UInt64: [TargetIndex.Target]] = [:]
    var conditions: Conditions
    /// Hashes of the keys of resources of which entries of Bundles are for certain versions, or which come and are deleted one by one:
    /// what becomes of them depends on the order.
    var versioned: Set<UInt64> = []
    /// The items of sections, and the appointments, of which there are several; nil where they are too many.
    var repeatedItems: RepeatedItems.Found? = RepeatedItems.Found()
    /// By the input's number.
    var largeBundles: [Int: LargeBundle] = [:]
    /// The number of the first input that has a transaction Bundle.
    var firstTransaction: Int?
    /// The numbers of the inputs that could not be read to their end.
    var brokenFiles: Set<Int> = []
    /// Where resources are that others name by a business identifier.
    var entities = EntityPlaces()
    /// The servers by whose URLs entries are known.
    var seen = SeenServers.Found()
    var servers = ImportedServers()
    /// The items of sections that come more than once; nil where they are very many.
    var severalItems: Set<UInt64>? = []
  }

  /// How many patients are enough to tell whether the database knows them.
  private static let sampleSize = 100

  /// Types that others name by a business identifier: people, organizations, places and things, of which a run has few
  /// beside its clinical and financial records.
  static let entities: Set<String> = [
    "CareTeam", "Device", "Endpoint", "Group", "HealthcareService", "InsurancePlan", "Location", "Medication",
    "Organization", "Patient", "Person", "Practitioner", "PractitionerRole", "RelatedPerson", "Substance",
  ]

  /// What has a document of its own, and stands in the lists of others: its versions may come for several documents, as those of a
  /// section's resource may.
  private static let listed = "Appointment"

  /// What is passed over of each input: of what is no section, and no entity either, only its key counts.
  private func passedOver(
    _ repeated: RepeatedKeys, _ items: RepeatedItems, _ seen: SeenServers
  ) -> @Sendable (Int) -> ReadOptions.Filter {
    { [isSection, strangers] file in
      { type, id, fullUrl in
        let name = String(decoding: type, as: UTF8.self)
        if !strangers.isEmpty, let fullUrl,
          strangers.cause(of: String(decoding: fullUrl, as: UTF8.self)) != nil
        {
          return true
        }
        if isSection(name) {
          guard let id else { return false }
          if let fullUrl { seen.note(fullUrl, id: id, of: file) }
          items.note(NameHash.ofKey(type: type, id: id), of: file)
          return true
        }
        guard let id, name != "Bundle", !IndexPass.entities.contains(name) else { return false }
        if let fullUrl { seen.note(fullUrl, id: id, of: file) }
        let key = NameHash.ofKey(type: type, id: id)
        repeated.note(key)
        if name == IndexPass.listed { items.note(key, of: file) }
        return true
      }
    }
  }

  /// - Parameters:
  ///   - stored: answers searches from what earlier runs loaded.
  ///   - isLoaded: whether an entry that is to be made only once will be loaded.
  func run(
    _ files: [InputFile], _ stored: ([String]) throws -> [String: [TargetIndex.Target]],
    isLoaded: (Conditions.Entry) -> Bool
  ) rethrows -> Result {
    let whole = Mutex(TargetIndex(isLarge: true))
    let patients = Mutex<[String]>([])
    let entities = EntityPlaces.Notes()
    let deleted = Mutex<Set<UInt64>>([])
    let searched = Mutex<[String]>([])
    let versioned = Mutex<Set<UInt64>>([])
    let deletions = Mutex<[Int: FileDeletions]>([:])
    let broken = Mutex<Set<Int>>([])
    let firstTransaction = Mutex<Int?>(nil)
    let conditions = Conditions()
    var bundles: [Int: LargeBundle] = [:]
    var files = files
    for number in files.indices where files[number].size > heldBundleBytes {
      bundles[number] = LargeBundle()
      files[number].givesAllEntries = true
    }
    let largeBundles = bundles
    let repeated = RepeatedKeys(expectedBytes: files.reduce(0) { $0 + $1.size })
    let items = RepeatedItems()
    let seen = SeenServers()
    let feed = BatchFeed(files: files, options: reading, skips: passedOver(repeated, items, seen))
    WorkerThread.run(count: workers) { _ in
      var worker = BatchFeed.Worker(feed)
      var part = TargetIndex(isLarge: true)
      var sample: [String] = []
      while !Interruption.isAsked, let item = worker.next() {
        if let unfinished = item.unfinished { largeBundles[item.file]?.breakOff(unfinished) }
        if case .failure = item.content { broken.withLock { _ = $0.insert(item.file) } }
        guard case .batch(let batch) = item.content else { continue }
        var sequence = UInt64(item.file) << 40 | UInt64(item.step) << 20
        var ofBatch = FileDeletions()
        defer { deletions.withLock { $0[item.file, default: FileDeletions()].add(ofBatch) } }
        func note(_ record: Record, _ resource: RecordResource?) {
          sequence += 1
          if case .bundle = record.content, ofBatch.end(record, isLine: batch.isLines) == "transaction" {
            firstTransaction.withLock { $0 = min($0 ?? item.file, item.file) }
          }
          guard strangers.cause(of: record) == nil else { return }
          guard let found = resource else {
            guard let request = EntryRequest(record), request.method == .delete else { return }
            // Whether it is a history is known at its end, maybe; what is not deleted then is noted for nothing.
            switch request.deleted(inHistory: true) {
            case .resource(let target):
              deleted.withLock { _ = $0.insert(NameHash.of(target.key)) }
              ofBatch.pending.insert(NameHash.of(target.key))
              if request.precondition != nil {
                versioned.withLock { _ = $0.insert(NameHash.of(target.key)) }
              }
              // Whose resource comes in the run as well, that is looked at when all is loaded.
              if !isSection(target.type) { repeated.note(NameHash.of(target.key)) }
            case .search(let name): searched.withLock { $0.append(name) }
            case nil: break
            }
            return
          }
          seen.note(found.fullUrl, id: found.id, of: item.file)
          let request = EntryRequest(record)
          if request?.precondition != nil {
            versioned.withLock { _ = $0.insert(NameHash.of(found.key)) }
          }
          if isSection(found.type) {
            items.note(NameHash.of(found.key), of: item.file)
            if let condition = request?.condition(ofType: found.type) {
              conditions.add(found.entry(sequence, condition: condition, isSection: true))
            }
            return
          }
          repeated.note(NameHash.of(found.identity.key))
          if found.type == IndexPass.listed { items.note(NameHash.of(found.key), of: item.file) }
          let isEntity = IndexPass.entities.contains(found.type)
          if isEntity { entities.note(NameHash.of(found.key), of: item.file) }
          if let condition = request?.condition(ofType: found.type) ?? found.searched(by: request) {
            conditions.add(found.entry(sequence, condition: condition))
          } else if isEntity {
            part.add(found)
          }
          if found.type == "Patient", record.content == .resource, sample.count < IndexPass.sampleSize {
            sample.append(found.identity.id)
          }
        }
        if !batch.isLines, let bundle = largeBundles[item.file] {
          bundle.add(batch, without: strangers, note)
        } else {
          batch.forEach { note($0, RecordResource($0, named: feed.files[item.file].names)) }
        }
      }
      whole.withLock { $0.merge(part) }
      patients.withLock { $0 += sample }
    }
    var index = whole.withLock { $0 }
    try conditions.settle(&index, stored, isLoaded: isLoaded)
    index.settle()
    let searches = Set(searched.withLock { $0 })
    let answers = searches.isEmpty ? [:] : try stored(searches.sorted())
    var answered: [UInt64: [TargetIndex.Target]] = [:]
    var ordered = versioned.withLock { $0 }
    let deleting = deletions.withLock { Array($0.values) }
    let single = deleting.reduce(into: Set<UInt64>()) { $0.formUnion($1.single) }
    let (several, came) = items.take(most: RivalItems.most, seeking: single)
    let keys = repeated.take()
    // What becomes of those that are asked for by version, or deleted by transactions or searches, depends on more.
    var rivals = several
    rivals?.keys.subtract(ordered)
    // What is deleted, and does not come, depends on nothing else.
    ordered.formUnion(single.filter { came.contains($0) || keys.contains($0) })
    for name in searches {
      let found = answers[name] ?? []
      answered[NameHash.of(name)] = found
      let targets = (found + [index.target(named: name)].compactMap(\.self)).map { NameHash.of($0.key) }
      deleted.withLock { $0.formUnion(targets) }
      rivals?.keys.subtract(targets)
    }
    for file in deleting { rivals?.keys.subtract(file.ofTransactions) }
    return Result(
      index: index, repeated: keys, patients: patients.withLock { $0 },
      deleted: deleted.withLock { $0 }, searched: answered, conditions: conditions, versioned: ordered,
      repeatedItems: rivals, largeBundles: largeBundles,
      firstTransaction: firstTransaction.withLock { $0 }, brokenFiles: broken.withLock { $0 },
      entities: entities.take(), seen: seen.take(), severalItems: several?.keys)
  }
}

/// The resources that the Bundles of a file delete, by the hashes of their keys.
private struct FileDeletions {
  /// Those of Bundles whose type is still to come: it stands behind the entries, maybe.
  var pending: Set<UInt64> = []
  /// Those of Bundles that are no transactions.
  private var known: Set<UInt64> = []
  private var transacted: Set<UInt64> = []
  private var type: String?

  /// Takes note of a Bundle's end; returns its type.
  mutating func end(_ bundle: Record, isLine: Bool) -> String? {
    let type = bundle.tree.child(KnownNames.r4.type, of: 0).map { bundle.tree.string(at: $0) }
    guard isLine else {
      self.type = type ?? ""
      return type
    }
    if type == "transaction" { transacted.formUnion(pending) } else { known.formUnion(pending) }
    pending = []
    return type
  }

  /// Adds what another batch of the file has.
  mutating func add(_ other: FileDeletions) {
    pending.formUnion(other.pending)
    known.formUnion(other.known)
    transacted.formUnion(other.transacted)
    type = type ?? other.type
  }

  /// What is deleted by entries that stand for themselves.
  var single: Set<UInt64> { type == "transaction" ? known : known.union(pending) }

  /// What is deleted by transactions.
  var ofTransactions: Set<UInt64> { type == "transaction" ? transacted.union(pending) : transacted }
}

extension RecordResource {
  /// The name by which an entry looks for the resource that this one changes; one with an id of its own says itself which.
  func searched(by request: EntryRequest?) -> String? {
    guard tree.child(KnownNames.r4.id, of: node) == nil else { return nil }
    return request?.searched(ofType: type)
  }

  /// The resource as one of several that are to be made only once.
  fileprivate func entry(
    _ sequence: UInt64, condition: String, isSection: Bool = false
  ) -> Conditions.Entry {
    Conditions.Entry(
      condition: condition, target: identity.target, names: nameHashes,
      name: organizationName, isSection: isSection, sequence: sequence)
  }

  /// What documents show of an organization that they refer to.
  fileprivate var organizationName: String? {
    type == "Organization" ? tree.child(KnownNames.r4.name, of: node).map { tree.string(at: $0) } : nil
  }
}

extension RecordResource {
  /// The hashes of all that others may call it by.
  var nameHashes: [UInt64] {
    ResourceIdentity.nameHashes(of: tree, at: node, type: type, fullUrl: fullUrl)
  }
}

extension TargetIndex {
  /// Adds a resource under all that others may call it by, and an organization's name.
  mutating func add(_ resource: RecordResource) {
    add(resource.identity.target, names: resource.nameHashes)
    if let name = resource.organizationName {
      addName(name, of: resource.identity.key)
      addVersion(ImportContext.version(of: resource), of: resource.identity.key)
    }
  }
}
