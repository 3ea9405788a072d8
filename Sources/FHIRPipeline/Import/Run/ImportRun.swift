package import DocumentStore
package import FHIRDefinitions
package import FHIRFormats
package import FHIRMapping
import Memory
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
  var prefix: String { source.isEmpty ? "" : source + "." }
  package var workers = 2
  /// Whether a transaction Bundle is loaded all or nothing; else entry by entry, as a batch is.
  package var honoursTransactions = true
  /// Whether all addresses of servers are of one and the same.
  package var hasOneServer = false
  /// A Bundle up to this size is held while its references are resolved; a larger one is read again.
  package var heldBundleBytes = 16 << 20
  /// How many resources that tell no version are kept to be looked for where they stood before; of more a filter remembers less.
  package var mostKeptMoves = MovedResources.mostFirst
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
    /// How many entries stand there.
    package var setAside = 0
    /// Why the run ended before its end; what was loaded until then is counted in `summary`.
    package var failure: PipelineFailure?
  }

  package func run(_ inputs: [InputFile], store: DocumentStore) throws -> Outcome {
    let started = Progress.now()
    store.tellOfOutages(say) { Interruption.isAsked }
    let files = try inputs.map { try $0.spooled() }
    let quarantine = Quarantine(path: quarantinePath)
    try requireRights(store)
    try requireCollections(store)
    try chart.check(store, collections)
    if replay == nil { try quarantine.prepare() }

    let states = StoredStates(
      store: store, collections: collections, layout: chart, naming: mappings.namingFields)
    let assembler = DocumentAssembler(
      mappings: mappings, prefix: prefix, pageBytes: chartPageBytes, pageEntries: chartPageEntries,
      renamed: states.unfitIDs.names.renaming(mappings))
    Interruption.listen()
    let record = RunRecord(
      files: replay?.sources ?? files.map(\.name), input: fingerprint(of: files, assembler), rules: rules,
      source: source, chart: chart, store: store)
    let stored = storedTargets(store, states)
    // Collections are made meanwhile; what goes wrong with that comes up again when they are written into.
    let conditions = conditions(store, states, stored)
    var found: IndexPass.Result
    let number: Int32
    do {
      found = try index(
        files, { try conditions.targets(of: $0) }, servers: { try serverBases(store) },
        expecting: { try? states.prepare($0) })
      if Interruption.isAsked { throw PipelineFailure.interrupted }
      try requireTransactions(found, files, store)
      try keepStoredNames(&found.index, store, states)
      number = try record.number()
    } catch {
      // What was begun beside it comes to its end, too: a thread that still asks the server when the process ends may crash it.
      _ = states.known.finish()
      if (try? record.number()) != nil { _ = record.finish(ImportSummary(), isWhole: !record.goesOn) }
      throw error
    }
    if isLarge(files) {
      MemoryReturn.keepLess()
      MemoryReturn.betweenStages()
    }
    if record.goesOn { say("  going on with import \(number), which did not come to its end") }
    let ledger = ImportLedger(
      quarantine: replay ?? quarantine, files: files.map(\.name), conditions: found.conditions, say: say)
    found.servers.tell(ledger)
    var loading = ImportLoading(
      run: self, files: files, found: found, assembler: assembler, ledger: ledger, record: record,
      number: number,
      hasSameRules: record.hasSameRules, goesOn: record.goesOn, store: store)
    loading.load(states, stored)
    quarantine.close()
    loading.confirm()

    var summary = ledger.summary
    summary.references.add(loading.healed)
    summary.deleted = loading.deleted
    var failure = loading.failure
    if failure != nil { summary.stop() }
    failure = failure ?? quarantine.failure
    summary.files = files.count
    summary.seconds = Progress.now() - started
    let unnoted = record.finish(summary, isWhole: failure == nil, leavesWaiting: loading.leavesWaiting)
    if let unnoted { failure = failure ?? unnoted }
    return Outcome(
      summary: summary, quarantinePath: quarantine.path, setAside: quarantine.count, failure: failure)
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

  /// Stands for what resources are checked by: the program's own rules. What packages ask for has no name of its own.
  private var rules: String? {
    definitions === ConformanceStore.core ? "fhirline \(ProgramVersion.current), R4" : nil
  }

  /// Whether a run is so long that it does not matter when memory goes back to the system, and comes again.
  func isLarge(_ files: [InputFile]) -> Bool { files.reduce(0) { $0 + $1.size } > 256 << 20 }

  /// What earlier runs loaded.
  func storedTargets(_ store: DocumentStore, _ states: StoredStates) -> StoredTargets {
    StoredTargets(
      store: store, mappings: mappings, collections: collections, prefix: prefix, known: states.known,
      items: sectionItems(store, states))
  }

  /// What finds resources in sections of documents.
  func sectionItems(_ store: DocumentStore, _ states: StoredStates) -> SectionItems {
    SectionItems(
      store: store, homes: mappings.homes, prefix: prefix, place: { states.place(of: $0) },
      known: states.known)
  }

  /// What earlier runs loaded that entries ask for.
  func conditions(
    _ store: DocumentStore, _ states: StoredStates, _ stored: StoredTargets
  ) -> StoredConditions {
    StoredConditions(
      store: store, states: states, stored: stored, items: sectionItems(store, states), prefix: prefix)
  }

  /// Which of the names that an organization has in the run is its last is known at the end. Until then it has the one that it has, so
  /// that documents which show that are not written twice; and it keeps it where the run brings an older version.
  func keepStoredNames(_ index: inout TargetIndex, _ store: DocumentStore, _ states: StoredStates) throws {
    let keys = index.doubtfullyNamed
    guard !keys.isEmpty, try states.hadDocuments(.resource) else { return }
    try RenamedTargets(self, store, states).forEach(of: keys) { key, name, version in
      if index.isNamedAsStored(key, version()) { index.setName(name, of: key) }
    }
  }

  /// The first pass over the inputs.
  ///
  /// - Parameters:
  ///   - stored: answers searches from what earlier runs loaded.
  ///   - servers: tells the servers that the database knows.
  ///   - expect: called once for each kind of document that resources of the inputs own.
  func index(
    _ files: [InputFile], _ stored: ([String]) throws -> [String: [TargetIndex.Target]] = { _ in [:] },
    servers known: () throws -> ServerBases.Known = { ServerBases.Known() },
    expecting expect: @escaping @Sendable (DocumentKind) -> Void = { _ in }
  ) rethrows -> IndexPass.Result {
    let homes = mappings.homes
    let expected = ExpectedKinds(expect)
    var pass = IndexPass(workers: workers, reading: reading, heldBundleBytes: heldBundleBytes) { type in
      let (kind, section) = homes.place(ofType: type)
      if section == nil { expected.add(kind) }
      return section != nil
    }
    func run() throws -> IndexPass.Result {
      var prospects: EntryProspects?
      return try pass.run(files, stored) { entry in
        let known =
          prospects
          ?? EntryProspects(
            self, files, ImportContext.validator(of: self), strangers: pass.strangers)
        prospects = known
        return known.isLoaded(entry)
      }
    }
    var found = try run()
    guard !found.seen.servers.isEmpty else { return found }
    let servers = servers(of: found, files, try known())
    if !servers.strangers.isEmpty {
      pass.strangers = servers.strangers
      found = try run()
    }
    found.servers = servers
    return found
  }
}

/// Kinds of documents that inputs were found to have; each is told once.
private final class ExpectedKinds: Sendable {
  private let bits = Atomic<UInt8>(0)
  private let tell: @Sendable (DocumentKind) -> Void

  init(_ tell: @escaping @Sendable (DocumentKind) -> Void) { self.tell = tell }

  func add(_ kind: DocumentKind) {
    let bit: UInt8 = 1 << UInt8(kind.number)
    guard bits.load(ordering: .relaxed) & bit == 0,
      bits.bitwiseOr(bit, ordering: .relaxed).oldValue & bit == 0
    else { return }
    tell(kind)
    // A patient has a chart.
    if kind == .patient { add(.chart) }
  }
}
