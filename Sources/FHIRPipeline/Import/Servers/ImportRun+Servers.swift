import DocumentStore

/// The servers that an import's resources come from.
extension ImportRun {
  /// Those that the database knows.
  func serverBases(_ store: DocumentStore) throws -> ServerBases.Known {
    do {
      return try store.persevering { connection in try ServerBases.known(of: source, connection) }
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }

  /// What is to be known of the servers of a run's inputs before anything is loaded.
  func servers(of found: IndexPass.Result, _ files: [InputFile], _ known: ServerBases.Known)
    -> ImportedServers
  {
    var servers = ImportedServers()
    servers.unreadableNotes = known.unreadable
    let present = found.seen.servers
    let strangers = known.strangers.filter { present[ServerAddress($0.base)] != nil }
    guard !hasOneServer else {
      servers.reconciled = strangers
      return servers
    }
    servers.strangers = StrangeServers(strangers)
    let stored = Set(known.bases.map { ServerAddress($0) })
    let others = ServerComparison(
      files: files, seen: found.seen, workers: workers, reading: reading, known: servers.strangers,
      stored: stored
    ).strangers(repeated: found.repeated, items: found.severalItems)
    servers.newStrangers = others.cases.values.sorted { $0.base < $1.base }
    servers.strangers.add(others)
    let new = present.filter { !stored.contains($0.key) && servers.strangers.cases[$0.key] == nil }.values
    if !new.isEmpty, !known.bases.isEmpty {
      servers.warning =
        "resources of \(ImportRun.some(new)) come to those of \(ImportRun.some(known.bases)) from earlier imports, and are taken for "
        + "the same where they have the same type and id. If these are different servers, expected a source for each (import.source "
        + "in pipeline.yml), which keeps them apart"
    }
    return servers
  }

  /// Two of them, and how many more.
  private static func some(_ all: some Collection<String>) -> String {
    let bases = Dictionary(all.sorted().map { (ServerAddress($0), $0) }) { first, _ in first }.values
    let shown = bases.sorted().prefix(2).joined(separator: ", ")
    return bases.count > 2 ? "\(shown) and \(Amount.grouped(bases.count - 2)) more" : shown
  }
}

extension ImportedServers {
  /// Says and counts what is to be known before anything is loaded.
  func tell(_ ledger: ImportLedger) {
    if let warning { ledger.caution(warning) }
    if unreadableNotes > 0 {
      ledger.caution(
        "\(ServerBases.collection): \(Amount.of(unreadableNotes, "note")) of \(unreadableNotes == 1 ? "a server" : "servers") "
          + "cannot be read, for somebody changed the document (base: expected a text). Its URLs are not known any more; import again "
          + "what came from there")
    }
  }
}
