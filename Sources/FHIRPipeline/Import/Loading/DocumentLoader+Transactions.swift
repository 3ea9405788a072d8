import DocumentStore
import FHIRMapping

extension DocumentLoader {
  /// How often a transaction is tried that others keep getting in the way of.
  private static let transactionTries = 20

  /// Writes the transactions of a group as one; if that cannot be, each by itself.
  func write(_ group: TransactionGroup) {
    guard
      let whole = group.whole(ended: { [self] end in
        switch end {
        case .committed, .dropped: for transaction in group.transactions { transaction.ended(end) }
        // Whose fault it is shows when they are alone.
        case .refused: for transaction in group.transactions { write(transaction) }
        }
      })
    else { return write(group.transactions[0]) }
    write(whole)
  }

  /// Writes all documents of a transaction, or none.
  func write(_ transaction: BundleTransaction) {
    guard !hasFailed else { return transaction.ended(.dropped) }
    let findings = TransactionFindings()
    // What was under way when the server went away: it committed, or not.
    var unconfirmed: [Tally]?
    for number in 0..<DocumentLoader.transactionTries {
      do {
        for kind in transaction.documentIDs.keys { try states.awaitRoom(for: kind) }
        // Where there was nothing before the run, nothing is asked for at first.
        let new =
          try number > 0 || transaction.isLarge
          ? [] : Set(transaction.documentIDs.keys.filter { try !states.hadDocuments($0) })
        try store.persevering { connection in
          do {
            try connection.withTransaction(limit: transaction.isLarge ? .seconds(45) : .seconds(120)) {
              connection in
              findings.reset()
              // What is deleted goes first: https://hl7.org/fhir/R4/http.html#trules
              if let deletions, !transaction.deletions.isEmpty {
                let (deleted, uncopied) = try deletions.run(
                  transaction.deletions, lookingFirstIn: transaction.documentIDs, connection)
                findings.delete(deleted)
                findings.note(uncopied)
              }
              try transaction.forEachBatch { requests in
                try write(requests, new: new, findings, connection)
              }
            }
          } catch let error as StoreError where error.isOutage {
            if findings.hasChanges { unconfirmed = findings.tallies }
            throw error
          }
        }
        let tallies = findings.hasChanges ? findings.tallies : unconfirmed ?? findings.tallies
        for tally in tallies { counted(tally) }
        states.tell(findings.uncopied)
        return transaction.ended(.committed(deleted: findings.deleted))
      } catch {
        // Another transaction of the run has made the document meanwhile: the next try finds it.
        if let error = error as? StoreError, error.tellsOfSameID,
          number < DocumentLoader.transactionTries - 1
        {
          continue
        }
        if let reason = findings.refusal {
          return transaction.ended(BundleTransaction.refusal(ofDocument: reason))
        }
        // What it writes stays in the server's cache until the end: the server gives up what is too much for that.
        if let setback = (error as? StoreError)?.transactionSetback {
          return transaction.ended(transaction.refusal(setback))
        }
        if let error = error as? StoreError, error.concernsDocument {
          return transaction.ended(BundleTransaction.refusal(ofDocument: error.message))
        }
        if case CollectionLoader.Setback.changed = error { continue }
        if case BundleTransaction.Failure.document(let reason) = error {
          return transaction.ended(BundleTransaction.refusal(ofDocument: reason))
        }
        if case BundleTransaction.Failure.deletion(let keys, let reason) = error {
          return transaction.ended(BundleTransaction.refusal(ofDeleting: keys, reason))
        }
        fail(DocumentLoader.failure(error))
        return transaction.ended(.dropped)
      }
    }
    transaction.ended(transaction.refusal(.conflict))
  }

  private func write(
    _ requests: [LoadRequest], new: Set<DocumentKind>, _ findings: TransactionFindings,
    _ connection: borrowing StoreConnection
  ) throws {
    let groups = Dictionary(grouping: requests) { $0.document.kind }.sorted { $0.key < $1.key }
    for (kind, requests) in groups {
      try write(requests, kind: kind, areNew: new.contains(kind), findings, connection)
      // The server has ended the transaction with the write that it refused.
      if findings.refusal != nil { throw CollectionLoader.Setback.changed }
    }
  }

  private func write(
    _ requests: [LoadRequest], kind: DocumentKind, areNew: Bool, _ findings: TransactionFindings,
    _ connection: borrowing StoreConnection
  ) throws {
    // The pages of a document go with the rest of the transaction.
    var loader = CollectionLoader(
      place: states.place(of: kind), assembler: assembler, hasTransactions: false,
      counted: { findings.count($0) }, refused: { findings.refuse($1) }, departures: departures)
    let copies = CopiedCharts(kind, states, assembler)
    try inform(&loader, kind, copies)
    guard try loader.loadTogether(requests.map(\.document), areNew: areNew, connection) else {
      throw CollectionLoader.Setback.changed
    }
    findings.note(try copies.update(requests.map(\.id), connection))
  }
}
