import FHIRFormats
import FHIRMapping
import FHIRModel
import Foundation
import Synchronization

/// Large Bundles whose entries are known since the first pass, and are loaded as they come.
extension ImportWorker {
  func take(_ item: BatchFeed.Item, of large: LargeInput, source: String) {
    let isTransaction = large.type == "transaction" && context.run.honoursTransactions
    atHand = (large.mark, large.type)
    defer { atHand = nil }
    switch item.content {
    case .batch(let batch) where isTransaction && pass.counts:
      guard let part = begin(large, source: source) else { return }
      take(batch, of: item, large, source, into: part)
      if large.add(part) { finish(large, source: source) }
    case .batch(let batch):
      // Of one that was refused nothing is to be loaded.
      if isTransaction, large.isUnfinished || context.refusedBundles.withLock({ $0.contains(large.mark) }) {
        return
      }
      comparesEntries = !isTransaction
      if isTransaction { loaded = context.files.count == 1 ? .all : .own }
      take(batch, of: item, large, source, into: nil)
      comparesEntries = false
      loaded = nil
    case .failure(let message):
      context.failReadingAgain(item.file, message)
      noteFailure(message, source: source)
      if isTransaction, pass.counts, large.end(steps: item.step) { finish(large, source: source) }
    case .end:
      if isTransaction, pass.counts, large.end(steps: item.step) { finish(large, source: source) }
    }
  }

  /// Checks and maps what a batch has.
  ///
  /// - Parameter part: the transaction that it belongs to.
  private func take(
    _ batch: RecordBatch, of item: BatchFeed.Item, _ large: LargeInput, _ source: String,
    into part: OpenTransaction?
  ) {
    let base = UInt64(item.file) << 40 | UInt64(item.step) << 20
    var number: UInt64 = 0
    var resources = 0
    var lines = 0
    checkNames(of: batch, large.resolver, isFirst: true)
    standing?.others = { body in
      batch.forEach { record in RecordResource(record).map(body) }
    }
    defer { standing?.others = nil }
    batch.forEach { record in
      number += 1
      if case .entry = record.content {} else { lines += 1 }
      switch record.content {
      case .resource where isServerMessage(record, of: item.file):
        countServerMessage(record)
      case .resource, .entry:
        resources += 1
        checkNames(of: batch, large.resolver)
        let sequence = large.moment(base | number)
        guard let part else {
          return handle(
            record, RecordResource(record), source: source, resolver: large.resolver, sequence: sequence,
            whole: large.patients)
        }
        // Whether it counts is known at the end.
        swap(&summary, &part.summary)
        defer { swap(&summary, &part.summary) }
        if let comparison = large.comparison {
          compare(record, sequence, large, source, with: comparison, part)
        } else {
          handle(record, RecordResource(record), sequence, large, source, part)
        }
      case .bundle:
        if pass.counts {
          summary.pages.take(record.tree)
          report(record, source: source)
        }
      case .unreadable:
        part?.hasUnreadable = true
        setAside(unreadable: record, source)
      }
    }
    guard pass.counts else { return }
    if batch.isLines { context.countRead(lines: lines, of: item.file) }
    summary.bytes += batch.byteCount
    context.progress.advance(bytes: batch.byteCount, resources: resources)
    if part == nil { loadWholes() }
  }

  // MARK: Transactions

  private func begin(_ large: LargeInput, source: String) -> OpenTransaction? {
    large.begin {
      let open = openLarge(file: large.file)
      open.mark = large.mark
      open.isUnfinished = large.isUnfinished
      open.hasUnreadable = large.isUnfinished
      return open
    } compares: {
      guard context.hasSameRules,
        areStored(patients: large.patients.ids)
      else { return nil }
      return SpillStore(expectedBytes: context.files[large.file].size / 8, folder: NSTemporaryDirectory())
    }
  }

  /// Adds an entry to what is compared with the database; one whose documents others have a part in as well is loaded.
  private func compare(
    _ record: Record, _ sequence: UInt64, _ large: LargeInput, _ source: String, with comparison: SpillStore,
    _ part: OpenTransaction
  ) {
    if large.differs { return }
    if context.isPassedOver(sequence) {
      return handle(record, RecordResource(record), sequence, large, source, part)
    }
    guard let resource = RecordResource(record), record.issues.isEmpty, context.strangers.isEmpty,
      (EntryRequest(record)?.method ?? .write) == .write
    else { return large.noteDifference() }
    defer { scattered.reset() }
    var isWhole = true
    // Where a resource stands says nothing about its content.
    let result = try? factory.parts(
      of: resource, .unwritten, resolver: large.resolver, sequence: sequence
    ) { made in
      isWhole = isWhole && (part.isAlone || self.isWhole(made, whole: large.patients))
      if isWhole { scattered.append(record: made.record) }
    }
    guard let result else { return large.noteDifference() }
    guard isWhole else { return handle(record, resource, sequence, large, source, part) }
    summary.types[resource.type, default: .init()].read += 1
    part.changed.add(resource.key)
    note(result, of: resource, sequence: sequence, isStored: true)
    scattered.forEach { made in
      do throws(PipelineFailure) {
        try comparison.append(key: NameHash.of(made.documentID), part: made.record)
      } catch {
        context.fail(error)
      }
    }
  }

  private func handle(
    _ record: Record, _ resource: RecordResource?, _ sequence: UInt64, _ large: LargeInput, _ source: String,
    _ part: OpenTransaction
  ) {
    transaction = part
    handle(
      record, resource, source: source, resolver: large.resolver, sequence: sequence, whole: large.patients)
    transaction = nil
  }

  /// Does what is to be done when all entries of a transaction are mapped.
  private func finish(_ large: LargeInput, source: String) {
    let (made, comparison) = large.take()
    guard !context.mustStop, var open = made else { return }
    if let comparison,
      large.differs || !open.failures.isEmpty || open.hasUnreadable || !open.changed.repeated.isEmpty
        || !countStored(comparison)
    {
      guard !context.mustStop else { return }
      let anew = openLarge(file: large.file)
      anew.mark = large.mark
      anew.hasUnreadable = open.hasUnreadable
      anew.isUnfinished = open.isUnfinished
      open = anew
      forEachEntry(of: large.file, source: source) { record, resource, sequence in
        handle(record, resource, sequence, large, source, anew)
      }
    }
    summary.add(open.summary)
    finishLarge(open, file: large.file, source: source, resolver: large.resolver)
  }

  /// Counts what is unchanged, if all documents are stored as they would be written.
  private func countStored(_ comparison: SpillStore) -> Bool {
    var tallies: [StoredTally] = []
    do {
      for number in 0..<comparison.partitionCount {
        defer { compared.reset() }
        try comparison.take(number, into: &compared)
        guard let found = talliesOfStored(DocumentGroups(compared)) else { return false }
        tallies += found
      }
    } catch {
      context.fail(error)
      return false
    }
    for (kind, id, tally) in tallies {
      context.ledger.count(tally)
      context.loader.foundUnchanged(kind, id)
    }
    return true
  }
}
