import DocumentStore
import FHIRMapping
import Foundation
import Synchronization

/// The second pass of an import, from the inputs to the database; and again, where the server may have lost what it took.
struct ImportLoading {
  let run: ImportRun
  let files: [InputFile]
  let found: IndexPass.Result
  let assembler: DocumentAssembler
  let ledger: ImportLedger
  let record: RunRecord
  let number: Int32
  let hasSameRules: Bool
  /// Whether an import goes on that did not come to its end.
  let goesOn: Bool
  let store: DocumentStore

  /// Why not all was loaded.
  private(set) var failure: PipelineFailure?
  private(set) var deleted = 0
  /// Whether something waits now that did not before.
  private(set) var leavesWaiting = false
  /// Bases of servers that the database did not know.
  private var newBases: Set<String> = []
  /// References of earlier imports that found their targets.
  private(set) var healed = HealingRun.Count()
  private let departures: Departures

  init(
    run: ImportRun, files: [InputFile], found: IndexPass.Result, assembler: DocumentAssembler,
    ledger: ImportLedger, record: RunRecord, number: Int32, hasSameRules: Bool, goesOn: Bool,
    store: DocumentStore
  ) {
    self.record = record
    self.run = run
    self.files = files
    self.found = found
    self.assembler = assembler
    self.ledger = ledger
    self.number = number
    self.hasSameRules = hasSameRules
    self.goesOn = goesOn
    self.store = store
    departures = Departures(source: run.source)
  }

  /// Loads everything, and does what is to be done when everything is there.
  mutating func load(_ states: StoredStates, _ stored: StoredTargets) {
    states.tellUncopied { [ledger] in ledger.warn($0) }
    do {
      let moved = moved(states)
      let deletions = deletions(states)
      let made = try makeDocuments(states, stored, moved, deletions)
      try keepDocuments()
      deleted =
        try made.deleted
        + made.due.settle(ledger) { try deletions.run($0, gone: $1, refused: $2) }
      try departures.settle(store, states, assembler, ReferenceResolver(run: found.index, stored: stored))
      let types = ledger.summary.types
      try moved.settle(
        store, assembler, number: number, prefix: run.prefix,
        inserted: { types[$0]?.inserted ?? 0 > 0 }, say: run.say, warn: { [ledger] in ledger.warn($0) },
        older: { [ledger] in ledger.countAsOlder($0) })
      let hasCompany = try record.hasCompany()
      // What brought nothing heals nothing: whoever brought what is there has healed by it, if it came to its end.
      let mayHeal =
        try !newBases.isEmpty || goesOn || hasCompany || deleted > 0 || ledger.summary.hasChanges
        || record.hasUnfinished()
      let refused = ledger.refused
      if mayHeal || !refused.isEmpty {
        let healing = HealingRun(
          run, store: store, states: states, assembler: assembler, index: found.index, number: number,
          hasReplaced: goesOn || types["Organization"]?.replaced ?? 0 > 0, hasCompany: hasCompany,
          isSetAside: ledger.hasSetAside)
        if mayHeal { healed = try healing.heal() }
        if healing.unreadableNotes > 0 {
          ledger.caution(
            "\(WaitingReferences.collection): \(Amount.of(healing.unreadableNotes, "note")) of what waits for a resource cannot be "
              + "read, for somebody changed the document; import again what has references that found nothing, which notes it anew, "
              + "and delete the documents that stay so")
        }
        try healing.forgetNotes(of: refused)
      }
    } catch {
      failure = DocumentLoader.failure(error)
    }
    // Indexes that began late are made as well before the import says that it is done.
    let unmade = states.known.finish()
    failure = failure ?? unmade
  }

  private func moved(_ states: StoredStates) -> MovedResources {
    MovedResources(
      mappings: run.mappings, states: states, inputBytes: files.reduce(0) { $0 + $1.size },
      goesOn: goesOn, mostFirst: run.mostKeptMoves)
  }

  private func deletions(_ states: StoredStates) -> DeletionRun {
    DeletionRun(
      store: store, states: states, assembler: assembler, mappings: run.mappings, prefix: run.prefix,
      departures: departures, formerNames: FormerNames(source: run.source, run: found.index))
  }

  /// Makes and loads the documents; returns how many resources were deleted, and what says which are to be deleted afterwards.
  private mutating func makeDocuments(
    _ states: StoredStates, _ stored: StoredTargets, _ moved: MovedResources, _ deletions: DeletionRun
  ) throws -> (deleted: Int, due: Deletions) {
    let loader = DocumentLoader(
      store: store, states: states, assembler: assembler, counted: { [ledger] in ledger.count($0) },
      refused: { [ledger] in ledger.refuse($0, reason: $1) }, deletions: deletions)
    let total = files.reduce(0) { $0 + $1.size }
    let progress = Progress(total: total, enabled: run.showsProgress)
    let waiting = WaitingReferences(store: store, source: run.source, run: number)
    let context = ImportContext(
      run: run, files: files, found: found, stored: stored, states: states, ledger: ledger,
      assembler: assembler, loader: loader,
      spill: SpillStore(expectedBytes: total * 5 / 4, folder: NSTemporaryDirectory()), progress: progress,
      number: number, waiting: waiting, departures: departures,
      moved: moved, hasSameRules: hasSameRules)
    loader.start()
    context.makeDocuments()
    progress.finish()
    // All of them are waited for, whichever has failed.
    let failures = [
      loader.finish(), context.failure, stored.failure, states.known.finish(), waiting.finish(),
    ]
    leavesWaiting = leavesWaiting || waiting.hasNoted
    if let first = failures.compactMap({ $0 }).first { throw first }
    try context.setAsideKeptOut()
    let servers = found.servers
    if !servers.newStrangers.isEmpty || !servers.reconciled.isEmpty {
      try store.persevering { [run] connection in
        try ServerBases.note(strangers: servers.newStrangers, of: run.source, connection)
        try ServerBases.forget(strangers: servers.reconciled, of: run.source, connection)
      }
    }
    newBases = try context.bases.new(of: run.source, store)
    if !newBases.isEmpty {
      try store.persevering { [newBases, run] connection in
        try ServerBases.note(newBases, of: run.source, connection)
      }
    }
    return (context.deletedCount.load(ordering: .relaxed), context.deletions)
  }

  // MARK: What the server may have lost

  /// How often everything is looked at again before the server is given up.
  private static let looks = 5

  /// Waits until all documents are there to stay, before what follows looks at them: else a reference might be found by the one way or
  /// the other, and a document tell which (``Origin``).
  private func keepDocuments() throws {
    guard ledger.summary.hasChanges else { return }
    try keep { again, states, stored in
      _ = try again.makeDocuments(states, stored, again.moved(states), again.deletions(states))
    }
  }

  /// Waits until all that was written is there to stay. A server that was started anew, or another that became primary, may have
  /// lost some of it: then everything is gone through again, and what is missing is written.
  mutating func confirm() {
    guard failure == nil else { return }
    do {
      try keep { again, states, stored in
        again.load(states, stored)
        if let failure = again.failure { throw failure }
      }
    } catch {
      failure = DocumentLoader.failure(error)
    }
  }

  /// - Parameter repair: writes what is missing, by a loading without a word: it was all told and counted before.
  private func keep(
    _ repair: (inout ImportLoading, StoredStates, StoredTargets) throws -> Void
  ) throws {
    for look in 0...ImportLoading.looks {
      if try store.confirmWrites(in: ImportRun.runCollection) { return }
      guard look < ImportLoading.looks else { break }
      run.say("  the server changed over during the import; what was written is looked at again")
      var quiet = run
      quiet.say = { _ in }
      quiet.showsProgress = false
      var again = ImportLoading(
        run: quiet, files: files, found: found, assembler: assembler,
        ledger: ImportLedger(quarantine: nil, files: files.map(\.name), say: quiet.say), record: record,
        number: number,
        hasSameRules: hasSameRules, goesOn: true, store: store)
      let states = StoredStates(
        store: store, collections: run.collections, layout: run.chart, naming: run.mappings.namingFields)
      try repair(&again, states, run.storedTargets(store, states))
    }
    throw PipelineFailure(
      .stopped,
      "the MongoDB server keeps changing over, and may have lost what was written just before; run the import again, "
        + "which writes what is missing")
  }
}
