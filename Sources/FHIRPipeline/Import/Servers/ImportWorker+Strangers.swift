import FHIRFormats
import FHIRModel

/// Servers of which nothing is loaded.
extension ImportWorker {
  /// Sets an entry aside that is of a server of which nothing is loaded, or deleted.
  func refuse(
    _ record: Record, _ resource: RecordResource?, of stranger: StrangeServers.Case, _ source: String,
    _ sequence: UInt64
  ) {
    guard pass.counts else { return }
    guard resource != nil || EntryRequest(record)?.method == .delete else {
      if record.isSearchMessage, let outcome = record.tree.child(KnownNames.r4.resource, of: 0) {
        return countServerMessage(record, at: outcome)
      }
      summary.idleEntries += 1
      return
    }
    let issue = Issue(
      .error, .documentRefused,
      at: record.tree.expression(of: record.tree.child(KnownNames.r4.fullUrl, of: 0) ?? 0, table: .r4),
      position: record.tree.position(of: 0), stranger.message)
    summary.errors += 1
    if let resource {
      summary.types[resource.type, default: .init()].read += 1
      summary.types[resource.type, default: .init()].quarantined += 1
    }
    setAside(record, source, sequence, record.issues + [issue])
  }
}
