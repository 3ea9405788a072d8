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
    _ held: HeldBundle, file: Int, source: String, resolver: ReferenceResolver, whole patients: [String]
  ) {
    guard context.hasTransactions else {
      return context.fail(
        PipelineFailure(
          .usage,
          "\(source): a transaction Bundle is loaded all or nothing, and this MongoDB server has no transactions, for it "
            + "is no replica set: start it as one, or load entry by entry with --no-transactions"))
    }
    let open = OpenTransaction()
    open.place = (file, held.line)
    open.isAlone = context.files.count == 1 && !held.isLine
    transaction = open
    for entry in held.entries where !isKnown(entry.resource, entry.sequence, held) {
      handle(
        entry.record, entry.resource, source: source, resolver: resolver, sequence: entry.sequence,
        whole: patients)
    }
    transaction = nil
    guard open.failures.isEmpty, !held.hasUnreadable else {
      wholes.reset()
      refuse(held, open, source)
      return
    }
    open.mark = held.mark
    loadWholes(lends: false) { open.requests += $0 }
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
    for entry in held.entries {
      let record = entry.record
      if let issues = open.failures[entry.sequence] {
        context.ledger.setAside(record, source: source, issues: issues)
      } else if let resource = entry.resource, !held.known.contains(entry.sequence) {
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
      for request in open.requests {
        if let draft = try? request.document.draft() { context.ledger.countRefused(draft) }
      }
      let groups = DocumentGroups(open.scattered)
      for group in groups.groups {
        var draft = DocumentDraft(kind: group.kind, id: groups.id(of: group))
        draft.merge(groups.parts(of: group))
        context.ledger.countRefused(draft)
      }
      setAside(open, "is not loaded: MongoDB refused a document of its transaction Bundle: \(reason)")
    }
  }

  /// Sets the entries of a transaction aside as they came, so that a replay has them as one again; for that they are read once
  /// more, which costs nothing where nothing is refused.
  private func setAside(_ open: OpenTransaction, _ message: String) {
    let file = context.files[open.place.file]
    do {
      let reader = try file.open(options: context.run.reading)
      while let batch = try reader.nextBatch() {
        batch.forEach { record in
          guard case .entry = record.content, let resource = RecordResource(record) else { return }
          if let line = open.place.line, HeldBundle.line(of: record) != line { return }
          let issue = Issue(
            .error, .transactionRefused, at: record.tree.expression(of: resource.node, table: .r4),
            position: record.tree.position(of: resource.node), message)
          context.ledger.setAside(record, source: file.name, issues: [issue])
        }
      }
    } catch {
      context.fail(PipelineFailure(.stopped, "\(file.name): could not be read a second time: \(error)"))
    }
  }
}
