import FHIRFormats
import FHIRMapping
import FHIRModel
import Synchronization

/// Transaction Bundles: mapped whole, handed to the loader as one.
extension ImportWorker {
  /// How many Bundles wait for the loader at a time: some in any case, more of those that are small, which it writes together.
  private static let fewPending = 4
  private static let mostPending = 64
  private static let bytesPending = 1 << 20

  /// Maps a transaction Bundle, and hands it to the loader as one; where an entry cannot be loaded, none is.
  func begin(
    _ held: HeldBundle, file: Int, source: String, resolver: ReferenceResolver, whole patients: WholePatients
  ) {
    // What other inputs left is none of its own.
    loadWholes()
    let open = OpenTransaction()
    open.place = (file, held.line)
    open.isAlone = context.files.count == 1 && !held.isLine
    open.mark = held.mark
    open.isUnfinished = held.isUnfinished
    transaction = open
    let stored = storedEntries(of: held, resolver: resolver, whole: patients)
    for entry in stored?.rest ?? held.entries where !isKnown(entry.resource, entry.sequence, held) {
      handle(
        entry.record, entry.resource, source: source, resolver: resolver, sequence: entry.sequence,
        whole: patients)
    }
    transaction = nil
    for (entry, _) in stored?.entries ?? [] {
      if let resource = entry.resource { open.changed.add(resource.key) }
    }
    refuseRepeated(in: open) { body in
      for entry in held.entries where !isKept(entry.sequence, held) {
        body(entry.record, entry.resource, entry.sequence)
      }
    }
    guard open.failures.isEmpty, !held.hasUnreadable else {
      wholes.reset()
      for (entry, _) in stored?.entries ?? [] { countRead(entry) }
      refuse(held, open, source)
      return
    }
    if let stored { count(stored) }
    loadWholes(lends: false) { open.requests += $0 }
    chooseDeletions(of: open)
    let made = BundleTransaction(open.requests, deletions: open.deleted, ended: whenEnded(open))
    open.byteCount = made.byteCount
    pendingBytes += made.byteCount
    hand(made)
    while pending.count >= ImportWorker.mostPending
      || pending.count >= ImportWorker.fewPending && pendingBytes >= ImportWorker.bytesPending
    { endOne() }
  }

  /// Takes a part of a transaction. What other inputs of the run have as well follows when all is loaded: which of them counts is
  /// known then. All else belongs to the transaction, whoever owns the document.
  ///
  /// - Parameter isFound: whether a search found the resource, which others may have by its id.
  func take(_ part: PartView, into open: OpenTransaction, isWhole: Bool, isFound: Bool) {
    guard open.isAlone || isWhole || belongsToTransaction(part, isFound: isFound) else {
      return open.scattered.append(record: part.record)
    }
    guard let spill = open.spill else { return wholes.append(record: part.record) }
    do {
      try spill.append(key: NameHash.of(part.documentID), part: part.record)
      open.spilledBytes += part.record.count
      open.kinds.insert(part.kind)
    } catch {
      context.fail(error)
    }
  }

  /// Whether a part is a transaction's, though other inputs of the run may have parts of the same document.
  func belongsToTransaction(_ part: PartView, isFound: Bool) -> Bool {
    switch part.form {
    case .link, .presence: true
    case .root: !isFound && !context.repeated.contains(NameHash.of(part.key))
    case .section: false
    }
  }

  /// Which of its deletions are done with what the transaction writes.
  func chooseDeletions(of open: OpenTransaction) {
    let hasResources = !open.requests.isEmpty || open.spilledBytes > 0
    // One that only deletes is one of many, as a rule: what they delete is looked for at once, at the end.
    guard context.loader.deletesInTransactions, hasResources || open.isAlone else { return }
    for index in open.deletions.indices {
      guard let target = context.deletedAtOnce(open.deletions[index], isAlone: open.isAlone) else { continue }
      open.deletions[index].done = target
      open.deleted.append(target)
    }
  }

  /// Hands a transaction to the loader.
  func hand(_ transaction: BundleTransaction) {
    if !context.loader.put(transaction) { forget(transactions) }
  }

  /// Takes note that a transaction waits for its end; who is told of that.
  func whenEnded(_ open: OpenTransaction) -> @Sendable (BundleTransaction.End) -> Void {
    transactions += 1
    let number = transactions
    pending[number] = open
    let ends = ends
    let deleted = open.deleted
    let deletions = context.deletions
    return { end in
      deletions.end(deleted)
      ends.push((number, end))
    }
  }

  /// Sets a whole transaction Bundle aside.
  private func refuse(_ held: HeldBundle, _ open: OpenTransaction, _ source: String) {
    noteRefusal(of: open)
    for entry in held.entries {
      setAside(
        entry.record, entry.resource, entry.sequence, isKept: isKept(entry.sequence, held), open, source)
    }
    tellFollowers(of: open, source)
  }

  func noteRefusal(of open: OpenTransaction) {
    if let mark = open.mark { context.refusedBundles.withLock { _ = $0.insert(mark) } }
    guard open.derived > 0 else { return }
    summary.types[EncounterAppointment.type, default: .init()].quarantined += open.derived
  }

  /// Sets an entry aside for its own sake, or for that of another of its Bundle.
  ///
  /// - Parameter isKept: see ``isKept(_:_:)``.
  func setAside(
    _ record: Record, _ resource: RecordResource?, _ sequence: UInt64, isKept: Bool,
    _ open: OpenTransaction, _ source: String
  ) {
    let own = open.failures[sequence]
    guard own != nil || !isKept && asksForChange(record, resource) else { return }
    var issues = own ?? []
    if own == nil, let resource { summary.types[resource.type, default: .init()].quarantined += 1 }
    if open.isUnfinished {
      // Whoever replays it must know, whatever else is wrong with it.
      issues.append(
        refusal(
          of: record, resource,
          "is not loaded, for its Bundle breaks off: of a transaction all entries are loaded, or none",
          .transactionUnfinished))
    } else if own == nil {
      issues = [
        refusal(
          of: record, resource,
          "is not loaded, for another entry of its transaction Bundle cannot be: all are, or none")
      ]
    }
    if own == nil { open.followers += 1 }
    context.ledger.setAside(record, source: source, issues: issues, isTold: own != nil)
  }

  /// Says in one line that entries are set aside for the sake of others of their transaction.
  ///
  /// - Parameters:
  ///   - reason: why; nil where an entry says so.
  ///   - cause: the deletion for whose sake they are.
  func tellFollowers(
    of open: OpenTransaction, _ source: String, _ reason: String? = nil, for cause: Deletions.Order? = nil
  ) {
    guard open.followers > 0 else { return }
    let first = open.failures.min { $0.key < $1.key }?.value.first { $0.severity >= .error }
    let why: String
    if let reason {
      why = reason
    } else if open.isUnfinished {
      why = "the Bundle breaks off, and all are loaded, or none"
    } else if let first {
      let place = first.position.map { "line \($0.line), column \($0.column)" } ?? first.expression
      why = "the one that is wrong at \(place) cannot be, and all are, or none"
    } else {
      why = "one of them cannot be read, and all are loaded, or none"
    }
    let line = open.place.line.map { SourcePosition(line: $0, column: 1) }
    let issue = Issue(
      .error, open.isUnfinished ? .transactionUnfinished : .transactionRefused,
      at: cause?.expression ?? "Bundle", position: cause?.position ?? line,
      "\(Amount.of(open.followers, "entry", "entries")) of a transaction not loaded: \(why)")
    context.ledger.tell([issue], source: source)
  }

  /// Whether an entry is set aside with its transaction, so that a replay has all that it asks for.
  private func asksForChange(_ record: Record, _ resource: RecordResource?) -> Bool {
    resource != nil || EntryRequest(record)?.method == .delete
  }

  private func refusal(
    of record: Record, _ resource: RecordResource?, _ message: String, _ rule: Rule = .transactionRefused
  ) -> Issue {
    let node = resource?.node ?? 0
    return Issue(
      .error, rule, at: record.tree.expression(of: node, table: .r4),
      position: record.tree.position(of: node), message)
  }

  @discardableResult
  private func forget(_ number: Int) -> OpenTransaction? {
    guard let open = pending.removeValue(forKey: number) else { return nil }
    pendingBytes -= open.byteCount
    return open
  }

  /// Waits for the end of a transaction: what its documents share with others of the run comes after them.
  func endOne() {
    guard let (number, end) = ends.pop(), let open = forget(number) else { return }
    switch end {
    case .dropped: break
    case .committed(let deleted):
      context.deletedCount.add(deleted, ordering: .relaxed)
      open.scattered.forEach { spill($0) }
      for order in open.deletions { context.deletions.add(order) }
      summary.references.add(open.references)
      open.waits.forEach { name, kind, id in context.waiting?.add([name], kind: kind, documentID: id) }
    case .refused(let reason, let keys):
      if let mark = open.mark { context.refusedBundles.withLock { _ = $0.insert(mark) } }
      for request in open.requests {
        if let draft = try? request.document.draft() { context.ledger.countRefused(draft) }
      }
      countSpilledAsRefused(open)
      let groups = DocumentGroups(open.scattered)
      for group in groups.groups {
        var draft = DocumentDraft(kind: group.kind, id: groups.id(of: group))
        draft.merge(groups.parts(of: group))
        context.ledger.countRefused(draft)
      }
      let cause = open.deletions.first { $0.done.map { keys.contains($0.key) } ?? false }
      setAside(open, reason, for: cause)
    }
  }

  /// Sets the entries of a transaction aside as they came, so that a replay has them as one again; for that they are read once
  /// more, which costs nothing where nothing is refused.
  ///
  /// - Parameter cause: the deletion for whose sake they are.
  private func setAside(_ open: OpenTransaction, _ reason: String, for cause: Deletions.Order?) {
    let file = context.files[open.place.file]
    do {
      let reader = try file.open(options: context.run.reading)
      while let batch = try reader.nextBatch() {
        batch.forEach { record in
          guard case .entry = record.content else { return }
          let resource = RecordResource(record)
          if let line = open.place.line, HeldBundle.line(of: record) != line { return }
          guard asksForChange(record, resource) else { return }
          open.followers += 1
          context.ledger.setAside(
            record, source: file.name, issues: [refusal(of: record, resource, "is not loaded: " + reason)],
            isTold: false)
        }
      }
      tellFollowers(of: open, file.name, reason, for: cause)
    } catch {
      context.failReadingAgain(open.place.file, "\(error)")
    }
  }
}
