import BSON
package import DocumentStore
import FHIRMapping
import Foundation

/// The work of `fhirline plan`: an import that writes nothing, and says what it would do.
package struct PlanRun: Sendable {
  package var run: ImportRun
  /// How many documents of each fate are shown.
  package var limit = 50

  package init(_ run: ImportRun) { self.run = run }

  package func run(_ inputs: [InputFile], store: DocumentStore) throws -> PlanOutcome {
    let started = Progress.now()
    try run.chart.check(store, run.collections)
    let folder = NSTemporaryDirectory()
    let files = try inputs.map { $0.path == nil ? try StandardInputSpool.spool() : $0 }
    let total = files.reduce(0) { $0 + $1.size }
    let stored = StoredTargets(
      store: store, collections: try PlanRun.named(StoredStates.named(run.collections), store))
    let states = StoredStates(store: store, collections: run.collections, layout: run.chart, makes: false)
    let conditions = run.conditions(store, states, stored)
    let found = try run.index(files, { try conditions.matches(of: $0) })
    let ledger = ImportLedger(quarantine: nil, files: files.map(\.name), say: run.say)
    let assembler = DocumentAssembler(
      mappings: run.mappings, pageBytes: run.chartPageBytes, pageEntries: run.chartPageEntries)
    let sink = try PlanSink(
      store: store, states: states, assembler: assembler, mappings: run.mappings, ledger: ledger, limit: limit
    )
    let moved = MovedResources(mappings: run.mappings, states: states, inputBytes: total)
    let progress = Progress(total: total, enabled: run.showsProgress)
    let context = ImportContext(
      run: run, files: files, found: found,
      stored: stored,
      states: states, ledger: ledger, assembler: assembler, loader: sink,
      spill: SpillStore(expectedBytes: total * 5 / 4, folder: folder), progress: progress,
      moved: moved, hasTransactions: store.server.hasTransactions)
    context.makeDocuments()
    progress.finish()
    if let failure = sink.failure ?? context.failure { throw failure }
    try settle(sink, moved, ledger, store, assembler)
    var outcome = PlanOutcome(summary: ledger.summary)
    outcome.summary.files = files.count
    outcome.summary.seconds = Progress.now() - started
    let deletions = context.dueDeletions
    outcome.deletions = deletions.count
    let holdings = try holdings(of: deletions, store, states, assembler)
    outcome.summary.deleted = holdings.count
    outcome.holdings = Array(holdings.prefix(limit))
    outcome.counts = sink.counts
    outcome.documents = sink.documents
    return outcome
  }

  /// What becomes of documents that something leaves for another patient's.
  private func settle(
    _ sink: PlanSink, _ moved: MovedResources, _ ledger: ImportLedger, _ store: DocumentStore,
    _ assembler: DocumentAssembler
  ) throws {
    let prefix = run.source.isEmpty ? "" : run.source + "."
    let types = ledger.summary.types
    do {
      try sink.settleAppointments(prefix: prefix)
      let leaving = try moved.leaving(store, assembler, prefix: prefix) { types[$0]?.inserted ?? 0 > 0 }
      for (kind, id, keys) in leaving { try sink.remove(keys, from: id, of: kind) }
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }

  /// What of what is to be deleted is there.
  private func holdings(
    of deletions: [TargetIndex.Target], _ store: DocumentStore, _ states: StoredStates,
    _ assembler: DocumentAssembler
  ) throws -> [DeletionRun.Holding] {
    guard !deletions.isEmpty else { return [] }
    do {
      for kind in DocumentKind.allCases { _ = try states.hadDocuments(kind) }
      return try DeletionRun(
        store: store, states: states, assembler: assembler, mappings: run.mappings,
        prefix: run.source.isEmpty ? "" : run.source + "."
      ).holdings(of: deletions)
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }

  /// The collections that were imported into: they have an index of the names of their resources. To look for names in
  /// others would take long, and find none.
  private static func named(_ collections: [String], _ store: DocumentStore) throws -> [String] {
    do {
      return try store.withConnection { connection in
        var named: [String] = []
        for collection in collections {
          guard try connection.collectionOptions(collection) != nil else { continue }
          let indexes = try connection.indexes(of: collection)
          if indexes.contains(where: { $0.keys == [StoredTargets.namesPath] }) { named.append(collection) }
        }
        return named
      }
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }
}
