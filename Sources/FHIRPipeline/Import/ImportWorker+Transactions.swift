import FHIRFormats
import FHIRMapping
import FHIRModel
import Synchronization

/// Transaction Bundles: mapped whole, handed to the loader as one.
extension ImportWorker {
  /// How many Bundles wait for the loader at a time.
  private static let pendingLimit = 4

  /// Maps a transaction Bundle, and hands it to the loader as one; where an entry cannot be loaded, none is.
  func begin(
    _ held: HeldBundle, source: String, resolver: ReferenceResolver, whole patients: [String]
  ) {
    guard context.hasTransactions else {
      return context.fail(
        PipelineFailure(
          .usage,
          "\(source): a transaction Bundle is loaded all or nothing, and this MongoDB server has no transactions, for it "
            + "is no replica set: start it as one, or load entry by entry with --no-transactions"))
    }
    let open = OpenTransaction()
    transaction = open
    for (record, sequence) in held.records where !isKnown(record, sequence, held) {
      handle(record, source: source, resolver: resolver, sequence: sequence, whole: patients)
    }
    transaction = nil
    guard open.failures.isEmpty, !held.hasUnreadable else {
      wholes.reset()
      refuse(held, open, source)
      return
    }
    open.mark = held.mark
    loadWholes { open.requests += $0 }
    transactions += 1
    let number = transactions
    pending[number] = open
    let ends = ends
    let isTaken = context.loader.put(
      BundleTransaction(requests: open.requests) { end in ends.push((number, end)) })
    if !isTaken { pending[number] = nil }
    while pending.count >= ImportWorker.pendingLimit { endOne() }
  }

  /// Sets a whole transaction Bundle aside.
  private func refuse(_ held: HeldBundle, _ open: OpenTransaction, _ source: String) {
    if let mark = held.mark { context.refusedBundles.withLock { _ = $0.insert(mark) } }
    for (record, sequence) in held.records {
      if let issues = open.failures[sequence] {
        context.ledger.setAside(record, source: source, issues: issues)
      } else if let resource = RecordResource(record), !held.known.contains(sequence) {
        summary.types[resource.type, default: .init()].quarantined += 1
        let issue = Issue(
          .error, .transactionRefused, at: record.tree.expression(of: resource.node, table: .r4),
          position: record.tree.position(of: resource.node),
          "is not loaded, for another entry of its transaction Bundle cannot be: all are, or none")
        context.ledger.setAside(record, source: source, issues: [issue])
      }
    }
  }

  /// Waits for the end of a transaction: what its documents share with others of the run comes after them.
  func endOne() {
    guard let (number, end) = ends.pop(), let open = pending.removeValue(forKey: number) else { return }
    switch end {
    case .dropped: break
    case .committed:
      open.scattered.forEach { spill($0) }
      for order in open.deletions { context.deletions.add(order) }
    case .refused(let reason):
      if let mark = open.mark { context.refusedBundles.withLock { _ = $0.insert(mark) } }
      for request in open.requests { context.ledger.refuse(request.document, reason: reason) }
      let groups = DocumentGroups(open.scattered)
      for group in groups.groups {
        var draft = DocumentDraft(kind: group.kind, id: groups.id(of: group))
        draft.merge(groups.parts(of: group))
        context.ledger.refuse(draft, reason: reason)
      }
    }
  }
}
