import BSON
import DocumentStore
import FHIRMapping

/// Loads documents of one collection.
///
/// **Invariant:** what another program writes meanwhile is not overwritten unseen: a document is replaced only while it
/// has the hash that it was read with; else it is read and merged again.
///
/// **Invariant:** a first page's hash says that its further pages are there. New documents get their further pages
/// first; stored ones change in a transaction, or without one so that what broke off is put right (``PageJournal``).
struct CollectionLoader {
  let place: DocumentPlace
  let assembler: DocumentAssembler
  let hasTransactions: Bool
  let counted: DocumentLoader.Counted
  let refused: DocumentLoader.Refused
  /// What earlier tries of the same documents left unconfirmed; nil where there is one try.
  var findings: BatchFindings?
  /// Takes who loses an appointment; nil where none is lost.
  var departures: Departures?
  /// Tells which of the appointments that documents are to list are an application's own.
  var ownAppointments: (_ documents: [Assembly]) throws -> Set<String> = { _ in [] }
  /// Tells which of these patients are an application's own.
  var ownPatients: (_ ids: [String], borrowing StoreConnection) throws -> Set<String> = { _, _ in [] }
  /// Has patients a chart each, if an empty one; nil where the documents are no patients.
  var giveCharts: ((_ patients: [String], borrowing StoreConnection) throws -> Void)?
  /// Takes a stored document as it is, before it is changed.
  var changing: ((_ id: String, _ stored: BSONDocument) throws -> Void)?
  /// Where an application may have documents that are to be here; nil where it can have none.
  var strays: DocumentPlace?
  /// Whether what strays stays there, to become a copy.
  var keepsStrays = false

  var collection: String { place.collection }

  /// How often a document is tried that others keep changing.
  static let tries = 50

  /// - Parameter areNew: whether the collection had no documents before this run: then they are inserted without being
  ///   asked for, and the server tells of the few that this run, or somebody else, wrote since.
  func load(_ requests: [LoadRequest], areNew: Bool, _ connection: borrowing StoreConnection) throws {
    // A batch holds each document once: what comes again is added to the first.
    var seen: Set<String> = []
    let again = requests.filter { !seen.insert($0.id).inserted }
    seen = []
    let first = again.isEmpty ? requests : requests.filter { seen.insert($0.id).inserted }
    // Alone there is less time for others between reading and writing than in a batch.
    for request in try loadOnce(first, areNew: areNew, connection) + again {
      var tries = 1
      while try !loadOnce([LoadRequest(request.document)], areNew: false, connection).isEmpty {
        tries += 1
        guard tries < CollectionLoader.tries else {
          refused(request.document, reasonOfChanges(request.id, connection))
          break
        }
      }
    }
  }

  /// Why a document is never as it was read.
  private func reasonOfChanges(_ id: String, _ connection: borrowing StoreConnection) -> String {
    var reason = "other programs keep changing the document"
    try? connection.find([id], at: place, projection: place.field.map { [$0: 1] } ?? ["_fhirline": 1]) {
      _, _, whole in
      guard let document = try place.document(in: whole) else {
        if let field = place.field, let value = try whole.find(string: field), value.type != .null {
          reason = place.holdsSomethingElse
        }
        return
      }
      guard let bookkeeping = try document.find("_fhirline") else { return }
      let hash = try bookkeeping.document?.find("hash")
      if bookkeeping.document == nil || hash.map({ $0.text == nil }) ?? false {
        reason = "its field _fhirline is not as this program writes it; remove that field from the document"
      }
    }
    return reason
  }

  /// Loads documents within a transaction; false where one of them is no longer as it was read, or not as new as it was
  /// taken for, so that all is to be tried again.
  func loadTogether(
    _ documents: [Assembly], areNew: Bool, _ connection: borrowing StoreConnection
  ) throws -> Bool {
    try loadOnce(documents.map { LoadRequest($0) }, areNew: areNew, connection).isEmpty
  }

  /// - Returns: what could not be written because the document is no longer as it was read.
  private func loadOnce(
    _ requests: [LoadRequest], areNew: Bool, _ connection: borrowing StoreConnection
  ) throws -> [LoadRequest] {
    // Those with several pages are asked for even so: their further pages are written before the first.
    let asked = requests.filter { request in
      if case .unknown = request.presence { !areNew || request.document.pageCount > 1 } else { false }
    }
    let found = try StoredState.states(ofWhole: asked.map(\.id), in: place, connection)
    var fresh: [Assembly] = []
    var changed: [Assembly] = []
    var paged: [(Assembly, Int)] = []
    for request in requests {
      let document = request.document
      var state = found[request.id]
      if case .stored(let known) = request.presence { state = known }
      guard let state else {
        fresh.append(document)
        continue
      }
      if state.hash == document.hash || assembler.isEmpty(document) {
        counted(findings?.tally(ofUnchanged: document.id) ?? document.tally.allUnchanged)
      } else if state.pages > 1 {
        paged.append((document, state.pages))
      } else {
        changed.append(document)
      }
    }
    // Who came has what is named with them, whoever made it.
    let own = try ownAppointments(fresh.filter(\.tally.types.isEmpty) + changed + paged.map(\.0))
    if !own.isEmpty { fresh = try fresh.compactMap { try assembler.needed($0, own: own) } }
    fresh = try withoutNeedlessCharts(fresh, connection)
    let strays = try loadStrays(fresh, own: own, connection)
    var missed = try strays.missed + insert(strays.new, areNew: areNew, connection)
    missed += try merge(changed, own: own, connection)
    for (document, pages) in paged { missed += try merge(document, pages: pages, own: own, connection) }
    return missed.map { LoadRequest($0) }
  }

  // MARK: New documents

  /// Leaves out empty charts of an application's own patients: who becomes the import's gets one then, see ``giveCharts``.
  private func withoutNeedlessCharts(
    _ documents: [Assembly], _ connection: borrowing StoreConnection
  ) throws -> [Assembly] {
    let empty = documents.filter { $0.kind == .chart && assembler.isEmpty($0) }
    guard !empty.isEmpty else { return documents }
    let own = try ownPatients(empty.map(\.id), connection)
    return own.isEmpty ? documents : documents.filter { !own.contains($0.id) || !assembler.isEmpty($0) }
  }

  private func insert(
    _ documents: [Assembly], areNew: Bool, _ connection: borrowing StoreConnection
  ) throws -> [Assembly] {
    var missed: [Assembly] = []
    var whole: [Assembly] = []
    let haveLeftPages = try areNew ? [] : haveLeftPages(documents, connection)
    for document in documents {
      if document.pageCount == 1, !haveLeftPages.contains(document.id) {
        whole.append(document)
      } else if !connection.isInTransaction {
        missed += try insert(paged: document, connection)
      } else if let rest = try insert(document, withLeftPagesIn: nil, connection) {
        missed += rest
      } else if let reason = try insertFurtherPages(of: document, nil, connection) {
        refused(document, reason)
      } else {
        whole.append(document)
      }
    }
    return try missed + insert(firsts: whole, areNew: areNew, connection)
  }

  /// Inserts a document of several pages, while nobody else does.
  private func insert(
    paged document: Assembly, _ connection: borrowing StoreConnection
  ) throws -> [Assembly] {
    try PageJournal(place: place).change(document.id, connection) { change in
      guard try StoredState.states(of: [document.id], in: place, connection).isEmpty else {
        return [document]
      }
      if let missed = try insert(document, withLeftPagesIn: change, connection) { return missed }
      guard try change.begin(hash: document.hash, pages: document.ids, over: [], connection) else {
        return [document]
      }
      do {
        let reason = try remembering([document]) { try insertFurtherPages(of: document, change, connection) }
        if let reason {
          refused(document, reason)
          return []
        }
        try change.hold(connection)
      } catch Setback.changed {
        return [document]
      }
      return try insert(firsts: [document], areNew: true, connection)
    }
  }

  /// Inserts documents whose further pages are there.
  private func insert(
    firsts documents: [Assembly], areNew: Bool, _ connection: borrowing StoreConnection
  ) throws -> [Assembly] {
    guard !documents.isEmpty else { return [] }
    let holders = try holders(of: documents, connection)
    let result = try remembering(documents) {
      place.field == nil
        ? try connection.insert(documents.map(\.first), into: collection)
        : try connection.write(
          try documents.map { try place.insertion(holders[$0.id] ?? .string($0.id), $0.first) },
          in: collection)
    }
    var failures: [Int: WriteFailure] = [:]
    for failure in result.failures { failures[failure.index] = failure }
    // What somebody else wrote since it was asked for; another key than `_id` may be a duplicate, too.
    let duplicates = result.failures.filter { $0.reason == .duplicateKey }.map { documents[$0.index].id }
    // A transaction that had a failure is over: nothing can be asked in it. The next, where it is asked before, tells more.
    let existing: Set<String>
    if duplicates.isEmpty || connection.isInTransaction {
      existing = areNew ? Set(duplicates) : []
    } else {
      // A document that holds another one may have an `_id` that is no text.
      existing = try connection.existing(ids: duplicates, in: collection)
        .union(StoredState.states(of: duplicates, in: place, connection).keys)
    }
    var missed: [Assembly] = []
    for (index, document) in documents.enumerated() {
      if let failure = failures[index] {
        if failure.reason == .duplicateKey, existing.contains(document.id) {
          missed.append(document)
        } else {
          refused(document, failure.message)
        }
      } else {
        countWritten(document)
      }
    }
    return missed
  }

  /// The `_id`s that are no texts of the documents that these are to be written into.
  func holders(
    of documents: [Assembly], _ connection: borrowing StoreConnection
  ) throws -> [String: BSONValue] {
    var holders: [String: BSONValue] = [:]
    guard place.field != nil, place.hasOtherIDs else { return holders }
    try connection.find(documents.map(\.id), at: place, projection: ["_id": 1]) { id, storedID, _ in
      holders[id] = storedID
    }
    return holders
  }

  func countWritten(_ document: Assembly) {
    findings?.note(document)
    counted(document.tally)
  }

  /// Writes; where the server goes away meanwhile, the next try learns what was under way.
  func remembering<R>(_ documents: some Sequence<Assembly>, _ write: () throws -> R) throws -> R {
    do {
      return try write()
    } catch let error as StoreError where error.isOutage {
      findings?.remember(documents)
      throw error
    }
  }

  /// Writes a new document's further pages; returns why that was not possible.
  private func insertFurtherPages(
    of document: Assembly, _ change: PageJournal.Change?, _ connection: borrowing StoreConnection
  ) throws -> String? {
    let pages = FurtherPages(of: document)
    defer { pages.stop() }
    while let page = try pages.next() {
      try change?.hold(connection)
      if let reason = try insert(further: page, connection) { return reason }
    }
    return nil
  }

  /// Writes a page; returns why that was not possible.
  private func insert(
    further page: BSONDocument, _ connection: borrowing StoreConnection
  ) throws -> String? {
    guard let failure = try connection.insert([page], into: place.pages).failures.first else { return nil }
    // It was not there when it was asked for.
    if failure.reason == .duplicateKey { throw Setback.changed }
    return failure.message
  }
}
