import BSON
import DocumentStore
import FHIRMapping

extension CollectionLoader {
  /// What became of a document that something was to be taken out of.
  enum Removal {
    /// So many resources were in it, and are not any more.
    case removed(Int)
    /// An application's own: what this program did not write it does not delete.
    case left
    /// MongoDB does not take the document without them.
    case refused(String)
  }

  private static let bytesPerRemoval = 8 << 20

  /// A document that resources are taken out of in the same exchange as others.
  private struct Change {
    let id: String
    let operation: WriteOperation
    /// nil for one that goes.
    let hash: String?
    let removed: Int
    let formerOwners: Set<AppointmentOwner>
  }

  /// Takes resources out of many documents, of one page each, in few exchanges.
  ///
  /// - Parameter keepsEmpty: whether a document stays that nothing is left in.
  /// - Returns: what became of each; those that it does not tell of are to be gone through one by one.
  func remove(
    _ orders: [String: Set<String>], of kind: DocumentKind, keepsEmpty: (String) -> Bool,
    _ connection: borrowing StoreConnection
  ) throws -> [String: Removal] {
    // What stands within another document goes with the rest of that, maybe.
    guard place.field == nil, orders.count > 1 else { return [:] }
    var done: [String: Removal] = [:]
    var waiting = orders
    var changes: [Change] = []
    var bytes = 0
    try connection.find(Array(orders.keys), at: place) { id, storedID, stored in
      guard let keys = waiting.removeValue(forKey: id) else { return }
      let state = try StoredState(stored)
      guard state.isImported else {
        done[id] = try place.isNobody(stored) ? .removed(0) : .left
        return
      }
      guard state.pages == 1 else { return }
      let removal = try assembler.assemble(
        kind: kind, id: id, without: keys, stored: [BSONDocument(copying: stored)],
        keepsEmpty: keepsEmpty(id))
      guard removal.holder == nil, removal.document?.pageCount ?? 1 == 1 else { return }
      if removal.document != nil, !removal.isChanged {
        done[id] = .removed(0)
        return
      }
      try changing?(id, BSONDocument(copying: stored))
      let own = storedID ?? .string(id)
      let operation =
        try removal.document.map {
          try place.replacement(own, $0.first, hash: state.hash, guardedHash: guardedHash(in: stored))
        } ?? place.deletion(own, hash: state.hash)
      changes.append(
        Change(
          id: id, operation: operation, hash: removal.document?.hash, removed: removal.removed,
          formerOwners: removal.formerOwners))
      bytes += removal.document?.first.count ?? 0
      if bytes >= CollectionLoader.bytesPerRemoval {
        try write(changes, into: &done, connection)
        changes = []
        bytes = 0
      }
    }
    try write(changes, into: &done, connection)
    return done
  }

  private func write(
    _ changes: [Change], into done: inout [String: Removal], _ connection: borrowing StoreConnection
  ) throws {
    guard !changes.isEmpty else { return }
    try departures?.note(changes.lazy.map { ($0.formerOwners, $0.id) }, connection)
    let result = try connection.write(changes.map(\.operation), in: collection)
    for failure in result.failures { done[changes[failure.index].id] = .refused(failure.message) }
    // Where a document was no longer as it was read, the server's counts tell that there is one, but not which.
    let areAllDone = result.deleted + result.matched == changes.count - result.failures.count
    let states =
      areAllDone ? [:] : try StoredState.states(of: changes.map(\.id), in: place, connection)
    for change in changes where done[change.id] == nil {
      let now = states[change.id]
      guard areAllDone || (change.hash == nil ? now == nil : now?.hash == change.hash) else { continue }
      done[change.id] = .removed(change.removed)
    }
  }

  /// Takes resources, and links to appointments, out of a document; one that is left without any goes, unless an application
  /// keeps a chart in it.
  ///
  /// - Parameter keepsEmpty: whether a document stays that nothing is left in.
  func remove(
    _ keys: Set<String>, links: Set<String> = [], from id: String, of kind: DocumentKind, keepsEmpty: Bool,
    _ connection: borrowing StoreConnection
  ) throws -> Removal {
    for _ in 0..<CollectionLoader.tries {
      guard let known = try StoredState.states(of: [id], in: place, connection)[id] else {
        return .removed(0)
      }
      let removal = { (change: PageJournal.Change?, connection: borrowing StoreConnection) in
        try remove(keys, links: links, from: id, of: kind, pages: known.pages, keepsEmpty, change, connection)
      }
      do {
        let done =
          known.pages == 1 || connection.isInTransaction
          ? try removal(nil, connection)
          : try PageJournal(place: place).change(id, connection) { try removal($0, connection) }
        if let done { return done }
      } catch Setback.refused(let reason) {
        return .refused(reason)
      }
    }
    throw PipelineFailure(.stopped, "other programs keep changing a document that is to be deleted")
  }

  /// - Returns: nil where the document is no longer as it was read.
  private func remove(
    _ keys: Set<String>, links: Set<String>, from id: String, of kind: DocumentKind, pages: Int,
    _ keepsEmpty: Bool, _ change: PageJournal.Change?, _ connection: borrowing StoreConnection
  ) throws -> Removal? {
    let stored = try pagesFound(of: id, upTo: pages + 1, connection)
    guard let state = try stored.state else { return .removed(0) }
    guard state.isImported else {
      let isNobody = try stored.found[id].map { try $0.withView { try place.isNobody($0) } } ?? false
      return isNobody ? .removed(0) : .left
    }
    guard state.pages <= stored.ids.count else { return nil }
    let removal = try assembler.assemble(
      kind: kind, id: id, without: keys, links: links, stored: stored.inOrder, keepsEmpty: keepsEmpty)
    try departures?.note([(removal.formerOwners, id)], connection)
    if let first = stored.found[id] { try changing?(id, first) }
    guard let document = removal.document else {
      let isGone = try delete(stored, leaving: removal.holder, hash: state.hash, change, connection)
      return isGone ? .removed(removal.removed) : nil
    }
    if !removal.isChanged { return .removed(0) }
    let merged = Merged(
      incoming: document, document: document, hash: state.hash, guardedHash: stored.guardedHash,
      storedID: stored.storedID)
    do {
      try replace(paged: merged, over: stored.found, change, connection)
    } catch Setback.changed {
      return nil
    }
    return .removed(removal.removed)
  }

  /// Deletes a document and its pages, if it is still as it was read.
  ///
  /// - Parameter holder: what stays in its place.
  private func delete(
    _ stored: StoredPages, leaving holder: BSONDocument?, hash: String?, _ change: PageJournal.Change?,
    _ connection: borrowing StoreConnection
  ) throws -> Bool {
    guard try change?.begin(hash: nil, pages: [], over: stored.found.keys, connection) ?? true else {
      return false
    }
    let id = stored.storedID ?? .string(stored.id)
    let first: WriteOperation
    if let field = place.field {
      first = .update(
        filter: try place.isStill(id, hash: hash),
        try BSONDocument(["$unset": .document([field: ""])]), upsert: false, many: false)
    } else if let holder {
      first = try place.replacement(id, holder, hash: hash, guardedHash: stored.guardedHash)
    } else {
      first = try place.deletion(id, hash: hash)
    }
    do { try change?.hold(connection) } catch Setback.changed { return false }
    let result = try connection.write([first], in: collection)
    if let failure = result.failures.first { throw Setback.refused(failure.message) }
    guard result.deleted + result.matched == 1 else { return false }
    if place.field != nil { _ = try connection.write([DocumentPlace.deletionOfNobody(id)], in: collection) }
    let pages = stored.found.keys.filter { $0 != stored.id }
    if !pages.isEmpty { _ = try connection.delete(ids: pages, from: place.pages) }
    return true
  }
}
