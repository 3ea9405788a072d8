import DocumentStore
import FHIRDefinitions
import FHIRFormats
import FHIRMapping
import FHIRModel
import FHIRValidation
import Memory
import Synchronization

/// What the workers of an import share.
final class ImportContext: Sendable {
  let run: ImportRun
  let files: [InputFile]
  let index: TargetIndex
  /// Hashes of the keys of resources of which the run has several.
  let repeated: Set<UInt64>
  /// Some of the patients of the run's bulk files and large Bundles.
  private let patients: [String]
  let stored: StoredTargets?
  let states: StoredStates?
  let ledger: ImportLedger
  let assembler: DocumentAssembler
  let loader: any DocumentSink
  let spill: SpillStore
  let progress: Progress
  /// The run's number in the database; 0 for one that is not noted there.
  let number: Int32
  let validator: Validator
  /// Where references are noted that find nothing; nil in a run that writes nothing.
  let waiting: WaitingReferences?
  /// Takes the patients and providers of appointments that come in several versions; nil in a run that writes nothing.
  let departures: Departures?
  /// Takes resources that may have stood in another document before.
  private let moved: MovedResources?
  /// By the input's number: how many resources were read, of files of which a manifest says how many they have.
  private let readCounts = Mutex<[Int: Int]>([:])
  /// What a comparison with the database found.
  let changed = ChangedDocuments()
  let deletions: Deletions
  let versioned: VersionedEntries
  let rivals: RivalItems
  /// How many resources transactions have deleted.
  let deletedCount = Atomic<Int>(0)
  let conditions: Conditions
  /// Tells who will be set aside.
  private let prospects: EntryProspects
  let bases = SeenBases()
  /// Servers of which nothing is loaded.
  let strangers: StrangeServers
  /// By the input's number: large Bundles whose entries are loaded as they come.
  let largeInputs: [Int: LargeInput]
  /// The numbers of the inputs that could not be read to their end at first.
  private let brokenFiles: Set<Int>
  private let failed = Mutex<PipelineFailure?>(nil)
  /// Held while charts are loaded that need much memory.
  private let large = Mutex(())
  /// Transaction Bundles of which nothing is loaded, by the sequence of their first entry.
  let refusedBundles = Mutex<Set<UInt64>>([])
  /// Whether all that the database has from imports was checked by the rules of this one.
  let hasSameRules: Bool
  /// Whether resources of bulk files that are stored are known by that, and not checked. What is to be deleted is looked at.
  var comparesAlone: Bool { hasSameRules && deletions.isEmpty }

  init(
    run: ImportRun, files: [InputFile], found: IndexPass.Result, stored: StoredTargets?,
    states: StoredStates?,
    ledger: ImportLedger,
    assembler: DocumentAssembler, loader: any DocumentSink, spill: SpillStore, progress: Progress,
    number: Int32 = 0, waiting: WaitingReferences? = nil, departures: Departures? = nil,
    moved: MovedResources? = nil, deletions: Deletions? = nil, hasSameRules: Bool = false
  ) {
    self.waiting = waiting
    self.departures = departures
    self.moved = moved
    self.hasSameRules = hasSameRules
    self.run = run
    self.files = files
    index = found.index
    repeated = found.repeated
    brokenFiles = found.brokenFiles
    var sample = found.patients
    self.deletions = deletions ?? Deletions(keys: found.deleted, searched: found.searched)
    versioned = VersionedEntries(keys: found.versioned)
    rivals = RivalItems(found.repeatedItems)
    conditions = found.conditions
    strangers = found.servers.strangers
    validator = ImportContext.validator(of: run)
    let prospects = EntryProspects(
      run, files, validator, repeated: found.repeated, entities: found.entities,
      strangers: found.servers.strangers)
    self.prospects = prospects
    var largeInputs: [Int: LargeInput] = [:]
    for (file, bundle) in found.largeBundles {
      guard let contents = bundle.contents else { continue }
      let prefix = run.prefix
      let own = contents.patients.all.lazy.filter {
        !found.repeated.contains(NameHash.of("Patient/" + $0))
      }
      let isTransaction = contents.type == "transaction" && run.honoursTransactions
      largeInputs[file] = LargeInput(
        file: file, contents,
        resolver: ReferenceResolver(
          run: found.index, bundle: contents.index, stored: stored, isSetAside: prospects.isSetAside),
        patients: isTransaction ? WholePatients(many: own.map { prefix + $0 }) : .none)
      if !isTransaction { sample += contents.patients.all.prefix(100) }
    }
    self.largeInputs = largeInputs
    patients = sample
    self.stored = stored
    self.states = states
    self.ledger = ledger
    self.assembler = assembler
    self.loader = loader
    self.spill = spill
    self.progress = progress
    self.number = number
  }

  /// Resolves references of the run's inputs.
  ///
  /// - Parameter bundle: the resources of the Bundle at hand.
  func resolver(_ bundle: TargetIndex = TargetIndex()) -> ReferenceResolver {
    ReferenceResolver(run: index, bundle: bundle, stored: stored, isSetAside: prospects.isSetAside)
  }

  /// What an import checks resources with.
  static func validator(of run: ImportRun) -> Validator {
    // What a resource is to be beyond FHIR itself is looked at where the user brought the definitions.
    var options = ValidationOptions()
    options.profiles.areChecked = run.definitions !== ConformanceStore.core
    return Validator(definitions: run.definitions, options: options)
  }

  /// Why the run cannot go on, if a worker found so.
  var failure: PipelineFailure? { failed.withLock { $0 } }

  /// Ends the run where an input cannot be read again to where it could be read before.
  func failReadingAgain(_ file: Int, _ message: String) {
    guard !brokenFiles.contains(file) else { return }
    fail(PipelineFailure(.stopped, "\(files[file].name): could not be read a second time: \(message)"))
  }

  func fail(_ failure: PipelineFailure) { failed.withLock { $0 = $0 ?? failure } }

  private static let lastUpdated = DefinitionTable.r4.nameID("lastUpdated")

  /// Takes note of where a resource goes that may have stood in another document before.
  func seeVersion(
    of resource: RecordResource, in home: (kind: DocumentKind, id: String), sequence: UInt64, isStored: Bool
  ) {
    guard let moved, !rivals.isOutdone(sequence) else { return }
    let tree = resource.tree
    let meta = tree.child(KnownNames.r4.meta, of: resource.node)
    let number = meta.flatMap { tree.child(KnownNames.r4.versionId, of: $0) }.map { tree.string(at: $0) }
    let isFirst =
      (number == nil || number == "1")
      && !rivals.contains(NameHash.of(resource.key))
    guard !isFirst || !isStored || moved.goesOn else { return }
    do {
      guard try !isFirst || moved.canHaveMoved(ofType: resource.type) else { return }
      try moved.see(
        resource.identity, in: home.kind, home.id, sequence: sequence,
        version: ImportContext.version(of: resource), isFirst: isFirst)
    } catch {
      fail(DocumentLoader.failure(error))
    }
  }

  /// What a resource says of its version.
  static func version(of resource: RecordResource) -> ResourceVersion {
    let tree = resource.tree
    func text(_ name: NameID?) -> String? {
      guard let name, let meta = tree.child(KnownNames.r4.meta, of: resource.node) else { return nil }
      return tree.child(name, of: meta).map { tree.string(at: $0) }
    }
    return ResourceVersion(lastUpdated: text(lastUpdated), versionId: text(KnownNames.r4.versionId))
  }

  /// The resource that an entry of a transaction wants deleted, if it can be deleted with what the transaction writes: nobody else
  /// in the run has to do with it.
  ///
  /// - Parameter isAlone: whether the run has nothing besides the transaction.
  func deletedAtOnce(_ order: Deletions.Order, isAlone: Bool) -> TargetIndex.Target? {
    let target: TargetIndex.Target
    switch order.target {
    case .resource(let named): target = named
    case .search(let search):
      guard isAlone || !hasOthers(search, before: order.sequence) else { return nil }
      let found = deletions.found(by: search, before: order.sequence)
      guard found.count == 1 else { return nil }
      target = found[0]
    }
    guard !repeated.contains(NameHash.of(target.key)), deletions.begin(target) else { return nil }
    return target
  }

  /// Whether the run may have resources that answer to a search and came before a place in it.
  private func hasOthers(_ search: String, before sequence: UInt64) -> Bool {
    guard IndexPass.entities.contains(String(search.prefix { $0 != "?" })) else { return true }
    switch index.matches(of: search) {
    case .none: return false
    case .one(let target): return !deletions.has(target, from: sequence)
    case .several: return true
    }
  }

  /// The resource that is there in the place of an entry's own, which is to be made only where there is none, or to change the one
  /// that there is: in the database, or made for an earlier entry of the run.
  func existing(_ record: Record, _ resource: RecordResource) -> HeldBundle.Existing? {
    guard let request = EntryRequest(record) else { return nil }
    if let condition = request.condition(ofType: resource.type) {
      switch conditions.target(condition) {
      case .one(let other): return other.id == resource.identity.id ? nil : .kept(other)
      case .several: return .ambiguous
      case .none: return nil
      }
    }
    guard let name = resource.searched(by: request) else { return nil }
    let hasSection = run.mappings.homes.place(ofType: resource.type).section != nil
    // What is a section of another document nobody finds by its name: its id is made of the name, so that it is one.
    let matches: TargetIndex.Matches =
      hasSection
      ? .one(TargetIndex.Target(type: resource.type, id: ContentHash.uuid(of: name)))
      : conditions.target(name)
    switch matches {
    case .one(let other): return other.id == resource.identity.id ? nil : .changed(other)
    case .several: return .ambiguous
    case .none: return nil
    }
  }

  /// Where a resource was read, as its document notes it.
  func origin(of resource: RecordResource, sequence: UInt64) -> Origin {
    guard number > 0 else { return .unknown }
    let line = resource.tree.line(of: resource.node) ?? 0
    if let replay = run.replay {
      return replay.origin(
        of: resource.identity.key, file: Int(sequence >> 40), line: line, run: number)
    }
    return Origin(run: number, file: Int32(clamping: sequence >> 40), line: Int32(clamping: line))
  }

  var mustStop: Bool {
    if Interruption.isAsked { fail(.interrupted) }
    return failure != nil || loader.hasFailed || stored?.failure != nil
  }

  /// Takes note that documents of a kind will be written.
  func expect(_ kind: DocumentKind) {
    guard waiting != nil, let states else { return }
    do { try states.prepare(kind) } catch { fail(DocumentLoader.failure(error)) }
  }

  /// What the database has of documents, by kind: of kinds that it had none of before the run, nothing is told. nil once it
  /// does not answer.
  func presences(
    _ ids: [DocumentKind: [String]]
  ) -> [DocumentKind: (String) -> LoadRequest.Presence]? {
    var presences: [DocumentKind: (String) -> LoadRequest.Presence] = [:]
    guard let states else { return presences }
    do {
      for (kind, ids) in ids where try states.hadDocuments(kind) {
        let found = try states.states(of: ids, kind)
        presences[kind] = { id in found[id].map { .stored($0) } ?? .absent }
      }
      return presences
    } catch {
      fail(DocumentLoader.failure(error))
      return nil
    }
  }

  /// The second pass: every input becomes documents, and those that it scatters are put together at the end.
  func makeDocuments() {
    if rivals.areTooMany {
      run.say(
        "  more than \(Amount.grouped(RivalItems.most)) resources come more than once: those of them that name several patients are "
          + "written and taken out again; `fhirline doctor` finds any that stand in two documents")
    }
    if !rivals.repeated.keys.isEmpty { readInputs(.locating(files: rivals.repeated.files)) }
    let hasRivals = rivals.finishLocating()
    if !versioned.keys.isEmpty || hasRivals {
      readInputs(.asking(files: versioned.keys.isEmpty ? rivals.repeated.files : nil))
      versioned.settle()
      settleRivals()
    }
    defer { tellIncomplete() }
    guard knowsPatients else { return makeDocuments(.all) }
    makeDocuments(.comparing)
    if let pass = changed.takePass(), !mustStop { makeDocuments(pass) }
  }

  /// Takes note of how many lines of an input were read, where a manifest says how many there are.
  func countRead(lines: Int, of file: Int) {
    guard files[file].expectedCount != nil else { return }
    readCounts.withLock { $0[file, default: 0] += lines }
  }

  /// Says which files have fewer resources than their manifest says.
  private func tellIncomplete() {
    guard !mustStop else { return }
    let counts = readCounts.withLock { $0 }
    for (number, file) in files.enumerated() {
      guard let count = counts[number], let shortfall = file.shortfall(having: count) else { continue }
      ledger.warnOfIncomplete("\(file.name): \(shortfall)")
    }
  }

  /// Whether the database has most of the patients of bulk files already.
  private var knowsPatients: Bool {
    guard let states, !patients.isEmpty else { return false }
    do {
      guard try states.hadDocuments(.chart) else { return false }
      let prefix = run.prefix
      return try states.states(of: patients.map { prefix + $0 }, .patient).count * 2 > patients.count
    } catch {
      fail(DocumentLoader.failure(error))
      return false
    }
  }

  /// Bytes beyond which a partition is one of large charts.
  private static let largePartition = 20 << 20

  private func makeDocuments(_ pass: ImportPass) {
    readInputs(pass)
    loadPartitions(pass)
  }

  private func readInputs(_ pass: ImportPass) {
    let feed = BatchFeed(
      files: files, only: pass.files, options: run.reading, sharing: .linesAnd(Set(largeInputs.keys)),
      skips: passedOver(by: pass))
    WorkerThread.run(count: run.workers) { [self] _ in
      let worker = ImportWorker(self, pass)
      worker.run(feed)
    }
    if run.isLarge(files) { MemoryReturn.betweenStages() }
  }

  /// What nobody looks at who only wants to know where those are that come more than once: the other items of charts, on which it
  /// does not depend whose another item is.
  private func passedOver(by pass: ImportPass) -> (@Sendable (Int) -> ReadOptions.Filter)? {
    guard case .locating = pass else { return nil }
    return { [homes = run.mappings.homes, rivals] _ in
      { type, id, _ in
        guard let id else { return false }
        let place = homes.place(ofType: String(decoding: type, as: UTF8.self))
        return place.kind == .chart && place.section != nil
          && !rivals.repeated.keys.contains(NameHash.ofKey(type: type, id: id))
      }
    }
  }

  /// Bytes of small partitions that are loaded together: every question to the database costs as much as many documents' parts.
  private static let bytesTogether = 1 << 20

  /// Partitions, those together in which little came; all workers get some.
  private func together(_ partitions: [Int], _ sizes: [Int]) -> [[Int]] {
    let total = partitions.reduce(0) { $0 + sizes[$1] }
    let most = min(ImportContext.bytesTogether, total / (3 * run.workers))
    var groups: [[Int]] = []
    var bytes = Int.max
    for number in partitions where sizes[number] > 0 {
      if bytes >= most {
        groups.append([])
        bytes = 0
      }
      groups[groups.count - 1].append(number)
      bytes += sizes[number]
    }
    return groups
  }

  /// Puts together and loads what the inputs scatter. One worker begins with the large charts, which take long.
  private func loadPartitions(_ pass: ImportPass) {
    let sizes = (0..<spill.partitionCount).map { spill.size(of: $0) }
    let large = sizes.indices.filter { sizes[$0] > ImportContext.largePartition }
    let others = together(sizes.indices.filter { sizes[$0] <= ImportContext.largePartition }, sizes)
    let nextLarge = Atomic<Int>(0)
    let nextOther = Atomic<Int>(0)
    WorkerThread.run(count: run.workers) { [self] number in
      let worker = ImportWorker(self, pass)
      func loadLarge() {
        while !mustStop {
          // A chart of that size is in memory several times until it is loaded: one at a time.
          let isDone = self.large.withLock { _ in
            let next = nextLarge.add(1, ordering: .relaxed).oldValue
            guard next < large.count else { return true }
            worker.load(partitions: [large[next]])
            return false
          }
          if isDone { return }
        }
      }
      if number == 0 { loadLarge() }
      while !mustStop {
        let next = nextOther.add(1, ordering: .relaxed).oldValue
        guard next < others.count else { break }
        worker.load(partitions: others[next])
      }
      loadLarge()
    }
  }
}
