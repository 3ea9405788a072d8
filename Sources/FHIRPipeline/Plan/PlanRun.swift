import BSON
package import DocumentStore
import FHIRMapping
import Foundation
import Synchronization

/// The work of `fhirline plan`: an import that writes nothing, and says what it would do.
package struct PlanRun: Sendable {
  package var run: ImportRun
  /// How many documents of each fate are shown.
  package var limit = 50

  package init(_ run: ImportRun) { self.run = run }

  /// That of no import: all notes of what waits are those of others.
  private static let noNumber: Int32 = -1

  private var prefix: String { run.prefix }

  package func run(_ inputs: [InputFile], store: DocumentStore) throws -> PlanOutcome {
    let started = Progress.now()
    try run.chart.check(store, run.collections)
    let folder = NSTemporaryDirectory()
    let files = try inputs.map { try $0.spooled() }
    let total = files.reduce(0) { $0 + $1.size }
    let states = StoredStates(store: store, collections: run.collections, layout: run.chart, makes: false)
    let stored = StoredTargets(
      store: store, mappings: run.mappings, collections: run.collections, prefix: prefix, known: nil,
      named: Set(try PlanRun.named(StoredStates.named(run.collections), store)),
      items: run.sectionItems(store, states))
    let conditions = run.conditions(store, states, stored)
    var found = try run.index(
      files, { try conditions.targets(of: $0) }, servers: { try run.serverBases(store) })
    try run.requireTransactions(found, files, store)
    try run.keepStoredNames(&found.index, store, states)
    let ledger = ImportLedger(
      quarantine: nil, files: files.map(\.name), conditions: found.conditions, say: run.say)
    found.servers.tell(ledger)
    let assembler = DocumentAssembler(
      mappings: run.mappings, prefix: run.prefix, pageBytes: run.chartPageBytes,
      pageEntries: run.chartPageEntries, renamed: states.unfitIDs.names.renaming(run.mappings))
    // Where something is to be deleted from, it is looked for under ids of all kinds.
    if !found.deleted.isEmpty { for kind in DocumentKind.allCases { _ = try states.hadDocuments(kind) } }
    let deletions = Deletions(keys: found.deleted, searched: found.searched)
    let deletionRun = DeletionRun(
      store: store, states: states, assembler: assembler, mappings: run.mappings, prefix: prefix)
    let sink = try PlanSink(
      store: store, states: states, assembler: assembler, mappings: run.mappings, ledger: ledger,
      deletions: deletions, deletionRun: deletionRun, limit: limit,
      refusals: ForeseenRefusals(store, say: run.say))
    // The filter that an import has for more of them tells nothing before they are written.
    let moved = MovedResources(
      mappings: run.mappings, states: states, inputBytes: total, mostFirst: MovedResources.most)
    let departures = Departures(source: run.source)
    let progress = Progress(total: total, enabled: run.showsProgress)
    let context = ImportContext(
      run: run, files: files, found: found,
      stored: stored,
      states: states, ledger: ledger, assembler: assembler, loader: sink,
      spill: SpillStore(expectedBytes: total * 5 / 4, folder: folder), progress: progress,
      departures: departures, moved: moved, deletions: deletions)
    context.makeDocuments()
    progress.finish()
    if let failure = sink.failure ?? context.failure { throw failure }
    var outcome = PlanOutcome(summary: ledger.summary)
    do {
      try context.setAsideKeptOut()
      let inTransactions = sink.deletedInTransactions
      try deletionRun.search.forEachBatch(store, of: [inTransactions]) { found, targets in
        outcome.add(try deletionRun.holdings(found), askedFor: targets.count, limit: limit)
      }
      let deleted =
        try context.deletedCount.load(ordering: .relaxed)
        + deletions.settle(ledger) { batches, gone, refused in
          var deleted = 0
          try deletionRun.search.forEachBatch(store, of: batches) { all, targets in
            let found = try all.reduce(into: [:]) {
              $0[$1.key] = try deletionRun.sparingNewer($1.value, of: $1.key, gone)
            }
            outcome.add(try deletionRun.holdings(found), askedFor: targets.count, limit: limit)
            deleted += try sink.delete(sink.withHomes(of: targets, found), refused: refused)
          }
          return deleted
        }
      try sink.settleAppointments(
        prefix: prefix, ReferenceResolver(run: found.index, stored: stored), moved: departures.moved)
      let types = ledger.summary.types
      let leaving = try moved.leaving(
        store, assembler, prefix: prefix, inserted: { types[$0]?.inserted ?? 0 > 0 },
        holds: { try sink.holds($0, $1, $2) }, say: run.say, older: { ledger.countAsOlder($0) })
      for (kind, id, keys) in leaving {
        if case .left = try sink.remove(keys, from: id, of: kind) { sink.noteMoved(keys, fromOwn: id, kind) }
      }
      let newBases = try context.bases.new(of: run.source, store)
      var healed = HealingRun.Count()
      if try !newBases.isEmpty || deleted > 0 || ledger.summary.hasChanges
        || RunRecord.hasUnfinished(in: store)
      {
        let healing = HealingRun(
          run, store: store, states: states, assembler: assembler, index: found.index,
          number: PlanRun.noNumber, hasReplaced: types["Organization"]?.replaced ?? 0 > 0,
          newBases: newBases, isSetAside: ledger.hasSetAside)
        healed = try healing.plan(into: sink)
      }
      outcome.summary = ledger.summary
      outcome.summary.deleted = deleted
      outcome.summary.references.add(healed)
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
    outcome.summary.files = files.count
    outcome.summary.seconds = Progress.now() - started
    outcome.counts = sink.counts
    outcome.documents = sink.documents
    return outcome
  }

  /// The collections that were imported into: they have an index of the names of their resources. To look for names in
  /// others would take long, and find none.
  private static func named(_ collections: [String], _ store: DocumentStore) throws -> [String] {
    do {
      return try store.withConnection { connection in
        try collections.filter { try connection.hasIndex(StoredCollections.namesIndex, on: $0) }
      }
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }
}
