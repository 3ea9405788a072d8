import FHIRFormats
import FHIRModel

/// Transactions that name a resource twice.
extension ImportWorker {
  /// Refuses the entries that change a resource which another entry changes as well.
  ///
  /// - Parameter forEachEntry: goes through the transaction's entries; asked only where there is something to be found.
  func refuseRepeated(
    in open: OpenTransaction,
    _ forEachEntry: ((Record, RecordResource?, UInt64) -> Void) -> Void
  ) {
    let repeated = open.changed.repeated
    guard !repeated.isEmpty else { return }
    var found: [UInt64: [(sequence: UInt64, type: String?, issue: Issue)]] = [:]
    forEachEntry { record, resource, sequence in
      guard let key = resource?.key ?? deleted(by: record)?.key else { return }
      let hash = NameHash.of(key)
      guard repeated.contains(hash) else { return }
      let issue = Issue(
        .error, .transactionTwice, at: record.tree.expression(of: 0, table: .r4),
        position: record.tree.position(of: 0), "")
      found[hash, default: []].append((sequence, resource?.type, issue))
    }
    for entries in found.values where entries.count > 1 {
      for (number, entry) in entries.enumerated() {
        let other = entries[number == 0 ? 1 : 0].issue
        let place = other.position.map { "at line \($0.line), column \($0.column)," } ?? "\(other.expression)"
        var issue = entry.issue
        issue.message =
          "names the resource that the entry \(place) names as well: a transaction changes a resource once, for its entries "
          + "have no order that could tell which of them counts"
        summary.errors += 1
        if let type = entry.type, open.failures[entry.sequence] == nil {
          summary.types[type, default: .init()].quarantined += 1
        }
        open.failures[entry.sequence, default: []].append(issue)
      }
    }
  }

  /// The resource that an entry names to be deleted.
  func deleted(by record: Record) -> TargetIndex.Target? {
    guard let request = EntryRequest(record), request.method == .delete,
      case .resource(let target) = request.deleted(inHistory: atHand?.type == "history")
    else { return nil }
    return target
  }
}
