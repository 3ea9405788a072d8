package import DocumentStore
package import FHIRDefinitions
package import FHIRFormats
package import FHIRMapping
import FHIRModel
import FHIRValidation
import Foundation
import Synchronization

/// The work of `fhirline import`: two passes over the inputs (who is there; then validate, map and load), and the
/// documents that bulk files scatter, put together at the end.
package struct ImportRun: Sendable {
  package var mappings: MappingSet
  package var collections: [DocumentKind: String]
  /// Codes of `Encounter.class` whose Encounters become appointments as well.
  package var encounterClasses: Set<String> = []
  package var chart = ChartLayout.collection
  package var chartPageBytes = 8_000_000
  package var chartPageEntries = 20_000
  /// Prefix of every `_id`; empty for none.
  package var source = ""
  package var workers = 2
  /// Whether a transaction Bundle is loaded all or nothing; else entry by entry, as a batch is.
  package var honoursTransactions = true
  package var quarantinePath = "quarantine.ndjson"
  /// Takes what is set aside instead of a quarantine file, where resources are imported that had been.
  var replay: QuarantineReplay?
  package var reading = ReadOptions()
  package var showsProgress = true
  /// The core of R4, and the packages that the user named.
  package var definitions: ConformanceStore = .core
  /// Takes a line about something that was set aside, for the person at the terminal.
  package var say: @Sendable (String) -> Void = { _ in }

  package init(mappings: MappingSet, collections: [DocumentKind: String]) {
    self.mappings = mappings
    self.collections = collections
  }

  /// What an import did, and where it put what it set aside.
  package struct Outcome: Sendable {
    package var summary: ImportSummary
    package var quarantinePath: String?
    /// Why the run ended before its end; what was loaded until then is counted in `summary`.
    package var failure: PipelineFailure?
  }

  package func run(_ inputs: [InputFile], store: DocumentStore) throws -> Outcome {
    let started = Progress.now()
    store.tellOfOutages(say) { Interruption.isAsked }
    let folder = NSTemporaryDirectory()
    let files = try inputs.map { $0.path == nil ? try StandardInputSpool.spool(folder: folder) : $0 }
    let total = files.reduce(0) { $0 + $1.size }
    let quarantine = Quarantine(path: quarantinePath)
    try chart.check(store, collections)
    if replay == nil { try quarantine.prepare() }

    let owners = [DocumentKind.patient, .provider, .appointment, .resource].map {
      collections[$0] ?? $0.rawValue
    }
    let names = replay?.sources ?? files.map(\.name)
    let assembler = DocumentAssembler(
      mappings: mappings, pageBytes: chartPageBytes, pageEntries: chartPageEntries)
    let record = RunRecord(
      files: names, input: fingerprint(of: files, assembler), source: source, store: store)
    let indexes = NameIndexes(store, collections: owners)
    let stored = StoredTargets(
      store: store, collections: owners,
      home: { [self] type in
        let place = mappings.homes.place(ofType: type)
        let kind = place.section == nil ? place.kind : .resource
        return collections[kind] ?? kind.rawValue
      }, indexes: indexes)
    let found = index(files) { stored.target(named: $0) }
    let states = StoredStates(store: store, collections: collections, layout: chart)

    let ledger = ImportLedger(quarantine: replay ?? quarantine, files: files.map(\.name), say: say)
    let loader = DocumentLoader(
      store: store, states: states, assembler: assembler, counted: { ledger.count($0) },
      refused: { ledger.refuse($0, reason: $1) })
    let progress = Progress(total: total, enabled: showsProgress)
    let number: Int32
    do {
      number = try record.number()
    } catch {
      _ = indexes.finish()
      throw error
    }
    if record.goesOn { say("  going on with import \(number), which did not come to its end") }
    let waiting = WaitingReferences(store: store, source: source, run: number)
    let context = ImportContext(
      run: self, files: files, found: found, stored: stored, states: states, ledger: ledger,
      assembler: assembler,
      loader: loader, spill: SpillStore(expectedBytes: total * 5 / 4, folder: folder), progress: progress,
      number: number, waiting: waiting, hasTransactions: store.server.hasTransactions)
    loader.start()
    Interruption.listen()
    context.makeDocuments()
    progress.finish()
    var failure = loader.finish() ?? context.failure ?? stored.failure ?? indexes.finish()
    failure = waiting.finish() ?? failure
    var deleted = 0
    if failure == nil {
      do {
        deleted = try DeletionRun(
          store: store, states: states, assembler: assembler, mappings: mappings,
          prefix: source.isEmpty ? "" : source + "."
        ).run(context.dueDeletions)
      } catch {
        failure = DocumentLoader.failure(error)
      }
    }
    quarantine.close()
    var summary = ledger.summary
    if failure == nil {
      do {
        let healing = HealingRun(
          self, store: store, states: states, assembler: assembler, index: found.index, number: number)
        summary.references.healed = try healing.heal()
      } catch {
        failure = DocumentLoader.failure(error)
      }
    }
    if failure != nil { summary.stop() }
    if let message = quarantine.failure { failure = failure ?? PipelineFailure(.output, message) }
    summary.deleted = deleted
    summary.files = files.count
    summary.seconds = Progress.now() - started
    if let unnoted = record.finish(summary, isWhole: failure == nil) { failure = failure ?? unnoted }
    return Outcome(summary: summary, quarantinePath: quarantine.path, failure: failure)
  }
}

extension ImportRun {
  /// Stands for what is imported, file by file, and for how it becomes documents.
  private func fingerprint(of files: [InputFile], _ assembler: DocumentAssembler) -> String {
    var digest = ContentDigest()
    for file in files { digest.add("\(file.size) \(file.name)") }
    for source in replay?.sources ?? [] { digest.add(source) }
    digest.add("\(source) \(chart.rawValue) \(chartPageBytes) \(chartPageEntries)")
    digest.add(encounterClasses.sorted().joined(separator: " "))
    for kind in DocumentKind.allCases {
      digest.add("\(collections[kind] ?? kind.rawValue) \(assembler.fingerprint(kind))")
    }
    return digest.text
  }

  /// The first pass over the inputs.
  ///
  /// - Parameter stored: the one resource of a name that earlier runs loaded.
  func index(
    _ files: [InputFile], _ stored: (String) -> TargetIndex.Target? = { _ in nil }
  ) -> IndexPass.Result {
    let homes = mappings.homes
    let pass = IndexPass(workers: workers, reading: reading) { type in
      homes.place(ofType: type).section != nil
    }
    return pass.run(files, stored)
  }
}

/// Takes documents that are put together.
protocol DocumentSink: Sendable {
  /// False once nothing more is taken.
  func put(_ requests: [LoadRequest]) -> Bool
  /// Takes documents that are written together or not at all; see ``BundleTransaction/ended``.
  func put(_ transaction: BundleTransaction) -> Bool
  var hasFailed: Bool { get }
  /// Takes note of a document that is as it would be written, and therefore not put.
  func foundUnchanged(_ kind: DocumentKind)
}

extension DocumentSink {
  func put(_ transaction: BundleTransaction) -> Bool {
    let isTaken = put(transaction.requests)
    transaction.ended(isTaken ? .committed : .dropped)
    return isTaken
  }

  func foundUnchanged(_ kind: DocumentKind) {}
}

/// What the workers of an import share.
final class ImportContext: Sendable {
  let run: ImportRun
  let files: [InputFile]
  let index: TargetIndex
  /// Hashes of the keys of resources of which the run has several.
  let repeated: Set<UInt64>
  /// Some of the patients of the run's bulk files.
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
  /// What a comparison with the database found.
  let changed = ChangedDocuments()
  let deletions: Deletions
  private let conditions: Conditions
  private let failed = Mutex<PipelineFailure?>(nil)
  /// Transaction Bundles of which nothing is loaded, by the sequence of their first entry.
  let refusedBundles = Mutex<Set<UInt64>>([])
  /// Whether the server has transactions; true where nothing is loaded.
  let hasTransactions: Bool

  init(
    run: ImportRun, files: [InputFile], found: IndexPass.Result, stored: StoredTargets?,
    states: StoredStates?,
    ledger: ImportLedger,
    assembler: DocumentAssembler, loader: any DocumentSink, spill: SpillStore, progress: Progress,
    number: Int32 = 0, waiting: WaitingReferences? = nil, hasTransactions: Bool = true
  ) {
    self.waiting = waiting
    self.hasTransactions = hasTransactions
    self.run = run
    self.files = files
    index = found.index
    repeated = found.repeated
    patients = found.patients
    deletions = Deletions(keys: found.deleted)
    conditions = found.conditions
    self.stored = stored
    self.states = states
    self.ledger = ledger
    self.assembler = assembler
    self.loader = loader
    self.spill = spill
    self.progress = progress
    self.number = number
    // What a resource is to be beyond FHIR itself is looked at where the user brought the definitions.
    var options = ValidationOptions()
    options.profiles.areChecked = run.definitions !== ConformanceStore.core
    validator = Validator(definitions: run.definitions, options: options)
  }

  /// Why the run cannot go on, if a worker found so.
  var failure: PipelineFailure? { failed.withLock { $0 } }

  func fail(_ failure: PipelineFailure) { failed.withLock { $0 = $0 ?? failure } }

  /// What entries want deleted, by the run's own resources or those that are stored.
  var dueDeletions: [TargetIndex.Target] {
    deletions.due { name in index.target(named: name) ?? stored?.target(named: name) }
  }

  /// The resource that is there in the place of an entry's own, which is to be made only where there is none, or to change the one
  /// that there is: in the database, or made for an earlier entry of the run.
  func existing(_ record: Record, _ resource: RecordResource) -> HeldBundle.Existing? {
    guard let request = EntryRequest(record) else { return nil }
    let condition = request.condition(ofType: resource.type)
    guard let name = condition ?? resource.searched(by: request) else { return nil }
    let hasSection = run.mappings.homes.place(ofType: resource.type).section != nil
    // What is a section of another document nobody finds by its name: its id is made of the name, so that it is one.
    let other =
      hasSection
      ? resource.searched(by: request).map {
        TargetIndex.Target(type: resource.type, id: ContentHash.uuid(of: $0))
      }
      : stored?.target(named: name) ?? conditions.target(name)
    guard let other, other.id != resource.identity.id else { return nil }
    return condition != nil ? .kept(other) : .changed(other)
  }

  /// Where a resource was read, as its document notes it.
  func origin(of resource: RecordResource, sequence: UInt64) -> Origin {
    guard number > 0 else { return .unknown }
    let line = resource.tree.position(of: resource.node)?.line ?? 0
    if let replay = run.replay {
      return replay.origin(
        of: resource.identity.key, file: Int(sequence >> 40), line: line, run: number)
    }
    return Origin(run: number, file: Int32(clamping: sequence >> 40), line: Int32(clamping: line))
  }

  var mustStop: Bool {
    if Interruption.isAsked {
      fail(PipelineFailure(.stopped, "stopped before the end; run it again to go on"))
    }
    return failure != nil || loader.hasFailed || stored?.failure != nil
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
    guard knowsPatients else { return makeDocuments(.all) }
    makeDocuments(.comparing)
    let marks = changed.take()
    if !marks.isEmpty, !mustStop { makeDocuments(.changed(marks)) }
  }

  /// Whether the database has most of the patients of bulk files already.
  private var knowsPatients: Bool {
    guard let states, !patients.isEmpty else { return false }
    do {
      guard try states.hadDocuments(.chart) else { return false }
      let prefix = run.source.isEmpty ? "" : run.source + "."
      return try states.states(of: patients.map { prefix + $0 }, .patient).count * 2 > patients.count
    } catch {
      fail(DocumentLoader.failure(error))
      return false
    }
  }

  private func makeDocuments(_ pass: ImportPass) {
    let feed = BatchFeed(files: files, options: run.reading, sharing: .lines)
    WorkerThread.run(count: run.workers) { [self] _ in
      let worker = ImportWorker(self, pass)
      worker.run(feed)
    }
    let next = Atomic<Int>(0)
    WorkerThread.run(count: run.workers) { [self] _ in
      let worker = ImportWorker(self, pass)
      while !mustStop {
        let partition = next.add(1, ordering: .relaxed).oldValue
        guard partition < spill.partitionCount else { break }
        worker.loadPartition(partition)
      }
    }
  }
}
