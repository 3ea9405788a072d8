import BSON
import DocumentStore
import FHIRMapping
import Memory

extension CollectionLoader {
  /// Bytes of merged documents that go out together.
  private static let bytesPerWrite = 8 << 20

  /// A stored document with parts added.
  struct Merged {
    let incoming: Assembly
    let document: Assembly
    /// The hash with which it was read.
    let hash: String?

    /// The hash of another document within it.
    var guardedHash: String?
    /// The `_id` as it is stored, where it is no text.
    var storedID: BSONValue?
    /// Whether there is no first page yet.
    var isNew = false
  }

  /// Adds parts to stored documents of one page each, in few exchanges however many there are.
  ///
  /// They come from the server one by one and go back in bulks, so that memory holds few of them at a time.
  ///
  /// - Parameters:
  ///   - own: appointments that are an application's own.
  ///   - haveCharts: whether patients who were an application's own have charts by now.
  func merge(
    _ documents: [Assembly], own: Set<String>, haveCharts: Bool = false,
    _ connection: borrowing StoreConnection
  ) throws -> [Assembly] {
    guard !documents.isEmpty else { return [] }
    var waiting: [String: Assembly] = [:]
    for incoming in documents { waiting[incoming.id] = incoming }
    var missed: [Assembly] = []
    var merged: [Merged] = []
    var growing: [Assembly] = []
    var chartless: [Assembly] = []
    var bytes = 0
    try connection.find(
      documents.map(\.id), at: place, projection: place.field.map { [$0: 1] }
    ) { id, storedID, whole in
      guard let incoming = waiting.removeValue(forKey: id) else { return }
      guard let document = try place.document(in: whole) else {
        missed.append(incoming)
        return
      }
      let state = try StoredState(document)
      guard state.pages == 1 else {
        missed.append(incoming)
        return
      }
      let stored = [BSONDocument(copying: document)]
      guard var result = try self.merged(incoming, state, stored: stored, own: own, connection) else {
        return
      }
      // One of whom nothing but the chart is known has that.
      if giveCharts != nil, result.hash == nil, !haveCharts, try !place.isNobody(whole) {
        chartless.append(incoming)
        return
      }
      result.guardedHash = try guardedHash(in: whole)
      result.storedID = storedID
      if result.document.pageCount > 1 {
        if fitsTransaction(result.document.pageCount, connection),
          try connection.existing(ids: result.document.ids.dropFirst(), in: place.pages).isEmpty
        {
          missed += try write(paged: result, over: [:], nil, connection)
        } else {
          growing.append(incoming)
        }
        return
      }
      merged.append(result)
      bytes += result.document.first.count
      if bytes >= CollectionLoader.bytesPerWrite {
        missed += try write(merged, connection)
        merged = []
        bytes = 0
      }
    }
    missed += try write(merged, connection)
    if !chartless.isEmpty {
      // Before they are written: an import that is killed between, and runs again, finds them as they were. The chart may stand
      // within them, so that they are read anew.
      try giveCharts?(chartless.map(\.id), connection)
      missed += try merge(chartless, own: own, haveCharts: true, connection)
    }
    for incoming in growing { missed += try merge(incoming, pages: 1, own: own, connection) }
    for incoming in documents where waiting[incoming.id] != nil { missed.append(incoming) }
    return missed
  }

  /// A stored document with another added; nil where it stays as it is, or cannot be put together.
  func merged(
    _ incoming: Assembly, _ state: StoredState, stored: [BSONDocument], own: Set<String>,
    _ connection: borrowing StoreConnection
  ) throws -> Merged? {
    let document: Assembly
    do {
      document = try assembler.assemble(incoming, stored: stored, own: own)
    } catch {
      refused(incoming, "the document could not be put together: \(error)")
      return nil
    }
    if state.isStill(document, pages: stored.count) {
      try departures?.note([(document.formerOwners, document.id)], connection)
      counted(findings?.tally(ofUnchanged: incoming.id) ?? document.tally)
      return nil
    }
    if let changing, let first = stored.first { try changing(incoming.id, first) }
    return Merged(incoming: incoming, document: document, hash: state.hash)
  }

  func guardedHash(in document: BSONView) throws -> String? {
    try place.guarded.flatMap { try document.find(string: $0)?.document?.find(path: "_fhirline.hash")?.text }
  }

  /// Replaces the first page if it is still as it was read.
  private func replacement(_ merged: Merged) throws -> WriteOperation {
    try place.replacement(
      merged.storedID ?? .string(merged.document.id), merged.document.first, hash: merged.hash,
      guardedHash: merged.guardedHash)
  }

  private func write(_ merged: [Merged], _ connection: borrowing StoreConnection) throws -> [Assembly] {
    guard !merged.isEmpty else { return [] }
    // Before it changes.
    try departures?.note(
      merged.lazy.map { ($0.document.formerOwners, $0.document.id) }, connection)
    let result = try remembering(merged.lazy.map(\.document)) {
      try connection.write(try merged.map { try replacement($0) }, in: collection)
    }
    var reasons: [Int: String] = [:]
    for failure in result.failures { reasons[failure.index] = failure.message }
    // Where a document was no longer as it was read, the server's count tells that there is one, but not which.
    let areAllWritten = result.matched == merged.count - reasons.count
    let states =
      areAllWritten ? [:] : try StoredState.states(of: merged.map(\.document.id), in: place, connection)
    var missed: [Assembly] = []
    for (index, merged) in merged.enumerated() {
      if let reason = reasons[index] {
        refused(merged.incoming, reason)
      } else if areAllWritten || states[merged.document.id]?.hash == merged.document.hash {
        countWritten(merged.document)
      } else {
        missed.append(merged.incoming)
      }
    }
    return missed
  }

  // MARK: Documents of several pages

  /// A transaction has to stay in the server's cache, and to end within a minute.
  private static let mostPagesInTransaction = 24

  /// Whether a document of so many pages changes in a transaction.
  private func fitsTransaction(_ pages: Int, _ connection: borrowing StoreConnection) -> Bool {
    connection.isInTransaction || hasTransactions && pages <= CollectionLoader.mostPagesInTransaction
  }

  /// Adds parts to a stored document of several pages, or one that is to have several.
  func merge(
    _ incoming: Assembly, pages: Int, own: Set<String>, _ connection: borrowing StoreConnection
  ) throws -> [Assembly] {
    let journal = PageJournal(place: place)
    // Somebody may be making many pages of it, whose first is still as it was.
    if fitsTransaction(max(pages, incoming.pageCount), connection),
      try connection.isInTransaction || !journal.hasNote(of: incoming.id, connection)
    {
      return try merge(incoming, pages: pages, own: own, change: nil, connection)
    }
    return try journal.change(incoming.id, connection) { change in
      try merge(incoming, pages: pages, own: own, change: change, connection)
    }
  }

  private func merge(
    _ incoming: Assembly, pages: Int, own: Set<String>, change: PageJournal.Change?,
    _ connection: borrowing StoreConnection
  ) throws -> [Assembly] {
    // An import that was cut short may have left more pages than the first tells of, and so may a program that wrote the first anew
    // without what it does not know: what is not read would be overwritten.
    var last = pages + incoming.pageCount + 1
    while true {
      let stored = try pagesFound(of: incoming.id, upTo: last, connection)
      if let id = stored.ids.last, stored.found[id] != nil {
        last *= 2
        continue
      }
      guard let state = try stored.state, state.pages <= stored.ids.count else { return [incoming] }
      guard var merged = try merged(incoming, state, stored: stored.inOrder, own: own, connection) else {
        return []
      }
      if merged.document.pageCount > stored.ids.count {
        last = merged.document.pageCount
        continue
      }
      merged.guardedHash = stored.guardedHash
      merged.storedID = stored.storedID
      // What it took to put many pages together is free again, and is not needed while they are written.
      if change != nil { MemoryReturn.betweenStages() }
      return try write(paged: merged, over: stored.found, change, connection)
    }
  }

  /// A document's pages as they are stored.
  struct StoredPages {
    let id: String
    /// Those that were looked for.
    let ids: [String]
    var found: [String: BSONDocument] = [:]
    var guardedHash: String?
    /// The `_id` of the first, where it is no text.
    var storedID: BSONValue?

    var inOrder: [BSONDocument] { ids.compactMap { found[$0] } }

    /// nil where there is no first page.
    var state: StoredState? {
      get throws { try found[id].map { first in try first.withView { try StoredState($0) } } }
    }
  }

  func pagesFound(
    of id: String, upTo last: Int, _ connection: borrowing StoreConnection
  ) throws -> StoredPages {
    var stored = StoredPages(id: id, ids: [id] + (2...max(2, last)).map { "\(id)#\($0)" })
    var room = PageRoom(pages: stored.ids.count)
    try connection.find(place.field == nil ? stored.ids : [id], at: place) { page, storedID, whole in
      guard let own = try place.document(in: whole) else { return }
      stored.found[page] = try room.keep(own)
      if page == id {
        stored.guardedHash = try guardedHash(in: whole)
        stored.storedID = storedID
      }
    }
    if place.field != nil {
      try connection.find(ids: stored.ids.dropFirst(), in: place.pages) { page in
        if let id = try page.find("_id")?.text { stored.found[id] = try room.keep(page) }
      }
    }
    return stored
  }

  /// Why the pages of a document were not replaced.
  enum Setback: Error {
    case changed
    case refused(String)
  }

  /// Replaces a document and its pages.
  ///
  /// - Parameter change: notes what they were; nil where a transaction does.
  func write(
    paged merged: Merged, over found: [String: BSONDocument], _ change: PageJournal.Change?,
    _ connection: borrowing StoreConnection
  ) throws -> [Assembly] {
    do {
      try replace(paged: merged, over: found, change, connection)
    } catch Setback.changed {
      return [merged.incoming]
    } catch Setback.refused(let reason) {
      refused(merged.incoming, reason)
    }
    return []
  }

  /// The same; throws a ``Setback`` where that is not possible.
  func replace(
    paged merged: Merged, over found: [String: BSONDocument], _ change: PageJournal.Change?,
    _ connection: borrowing StoreConnection
  ) throws {
    do {
      try remembering([merged.document]) {
        let pages = max(merged.document.pageCount, found.count)
        if hasTransactions, change == nil || fitsTransaction(pages, connection) {
          try connection.withTransaction { inside in try replacePages(merged, found, nil, inside) }
        } else {
          try replacePages(merged, found, change, connection)
        }
      }
      countWritten(merged.document)
    } catch let error as StoreError where error.concernsDocument {
      throw Setback.refused(error.message)
    }
  }

  /// Further pages go before the first, whose hash says that they are there; pages no longer needed go last.
  func replacePages(
    _ merged: Merged, _ found: [String: BSONDocument], _ change: PageJournal.Change?,
    _ connection: borrowing StoreConnection
  ) throws {
    let ids = merged.document.ids
    guard
      try change?.begin(hash: merged.document.hash, pages: ids, over: found.keys, connection) ?? true
    else { throw Setback.changed }
    for (number, id) in ids.enumerated().dropFirst() {
      let page = try merged.document.page(number)
      defer { found[id]?.shared.mapped?.release() }
      // A change stays on one page, as a rule.
      if found[id] == page { continue }
      if let old = found[id] { try change?.keep(old, connection) }
      try change?.hold(connection)
      if let failure = try connection.replace([page], in: place.pages, upsert: true).failures.first {
        throw Setback.refused(failure.message)
      }
    }
    try change?.hold(connection)
    if merged.isNew {
      try insert(first: merged.document, connection)
    } else {
      let first = try connection.write([try replacement(merged)], in: collection)
      if let failure = first.failures.first { throw Setback.refused(failure.message) }
      guard first.matched == 1 else { throw Setback.changed }
    }
    let kept = Set(ids)
    let needless = found.keys.filter { !kept.contains($0) }
    if !needless.isEmpty { _ = try connection.delete(ids: needless, from: place.pages) }
  }
}

extension StoreError {
  /// Whether a transaction failed because of what it wrote; another document may fare better.
  var concernsDocument: Bool {
    (code == .writeFailed || code == .documentTooLarge) && !isRetryable
  }
}
