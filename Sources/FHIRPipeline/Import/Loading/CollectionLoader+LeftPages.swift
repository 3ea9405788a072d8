import BSON
import DocumentStore
import FHIRMapping

/// Further pages whose first is gone: somebody deleted a chart by the `_id` of its patient, which the others do not have.
///
/// Export and doctor read them, and so does an import: what comes for the document goes on with them.
extension CollectionLoader {
  /// Which of these documents, none of which is there, have such pages.
  ///
  /// Others than charts hardly have pages: those that are to have some are asked for when they get them.
  func haveLeftPages(
    _ documents: [Assembly], _ connection: borrowing StoreConnection
  ) throws -> Set<String> {
    let charts = documents.filter { $0.kind == .chart && $0.pageCount == 1 }
    guard !charts.isEmpty else { return [] }
    let pages = charts.map { ($0.id, furtherIDs($0)) }
    let present = try connection.existing(ids: pages.flatMap(\.1), in: place.pages)
    guard !present.isEmpty else { return [] }
    return Set(pages.filter { !present.isDisjoint(with: $0.1) }.map(\.0))
  }

  /// More than it is to have: of those that were left the first may be gone as well.
  private func furtherIDs(_ document: Assembly) -> ArraySlice<String> {
    DocumentAssembler.pageIDs(document.id, count: document.pageCount + 2).dropFirst()
  }

  /// The further pages of a document that are there, and its first if that is there by now.
  func leftPages(
    of document: Assembly, _ connection: borrowing StoreConnection
  ) throws -> StoredPages {
    var last = document.pageCount + 2
    while true {
      let stored = try pagesFound(of: document.id, upTo: last, connection)
      guard let id = stored.ids.last, stored.found[id] != nil else { return stored }
      last *= 2
    }
  }

  /// Inserts a document together with what its left pages hold; nil where it has none.
  ///
  /// - Parameter change: notes what they were; nil where a transaction does.
  /// - Returns: it, if somebody else made it meanwhile.
  func insert(
    _ document: Assembly, withLeftPagesIn change: PageJournal.Change?, _ connection: borrowing StoreConnection
  ) throws -> [Assembly]? {
    let stored = try leftPages(of: document, connection)
    if stored.found.isEmpty { return nil }
    guard stored.found[document.id] == nil else { return [document] }
    let whole: Assembly
    do {
      whole = try assembler.assemble(document, left: stored.inOrder)
    } catch {
      refused(document, "the document could not be put together: \(error)")
      return []
    }
    let merged = Merged(incoming: document, document: whole, hash: nil, isNew: true)
    return try write(paged: merged, over: stored.found, change, connection)
  }

  /// Inserts a first page whose further pages are there.
  func insert(first document: Assembly, _ connection: borrowing StoreConnection) throws {
    let holder = try holders(of: [document], connection)[document.id]
    let result =
      place.field == nil
      ? try connection.insert([document.first], into: collection)
      : try connection.write(
        [try place.insertion(holder ?? .string(document.id), document.first)], in: collection)
    if let failure = result.failures.first {
      throw failure.reason == .duplicateKey ? Setback.changed : Setback.refused(failure.message)
    }
  }
}
