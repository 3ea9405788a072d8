import BSON
import DocumentStore

/// Keeps the copies of charts within their patients' documents, where the configuration wants both.
struct ChartMirror {
  /// Where charts stand, and where their copies do.
  let charts: DocumentPlace
  let copies: DocumentPlace

  private static let bytesPerWrite = 8 << 20

  /// Brings the copies of some charts up to date; returns which of them the database refused, and why. The charts themselves are
  /// loaded, and are what counts.
  ///
  /// - Parameter former: what charts said before an import changed them: a copy that an application changed, and that says something
  ///   else than its chart did, stays.
  func update(
    _ ids: [String], after former: FormerCharts, _ connection: borrowing StoreConnection
  ) throws -> [UncopiedChart] {
    let known = try StoredState.states(of: ids, in: copies, connection)
    let derived = former.derived
    let changed = try changedCopies(known, besides: derived, connection)
    let others = try applicationsOwn(known.filter { !$0.value.isImported }.map(\.key), connection)
    var operations: [(id: String, operation: WriteOperation)] = []
    var bytes = 0
    var refused: [UncopiedChart] = []
    func write() throws {
      guard !operations.isEmpty else { return }
      let result = try connection.write(operations.map(\.operation), in: copies.collection)
      refused += result.failures.map {
        // The patient is there, and was not found with a chart or without one.
        UncopiedChart(
          id: operations[$0.index].id, reason: $0.tellsOfSameID ? copies.holdsSomethingElse : $0.message)
      }
      operations = []
      bytes = 0
    }
    let holders = try holders(of: ids, connection)
    var gone = known.filter(\.value.isImported)
    try connection.find(ids, at: charts) { id, _, document in
      guard let field = copies.field else { return }
      gone[id] = nil
      let state = try StoredState(document)
      if let known = known[id], known.hash == state.hash { return }
      // An application's own has a copy if the application made one.
      if !state.isImported, known[id] == nil { return }
      if let own = others[id], try !own.withView({ try ChartMirror.isContained($0, in: document) }) {
        refused.append(
          UncopiedChart(id: id, reason: "an application's own chart stands there, with other content"))
        return
      }
      if let said = changed[id], try said != former[id] ?? ChartCopy.content(of: document, besides: derived) {
        refused.append(UncopiedChart(id: id, reason: ChartMirror.unreadEdit))
        return
      }
      let copy = try ChartCopy.make(of: document)
      // What is no chart is not overwritten.
      let filter = try BSONDocument([
        "_id": holders[id] ?? .string(id), field: ["$not": ["$type": "array"]],
        "$or": [.document([field: .null]), .document([field: ["$type": "object"]])],
      ])
      operations.append(
        (id, .update(filter: filter, try DocumentPlace.setting(field, copy), upsert: true, many: false)))
      bytes += copy.count
      if bytes >= ChartMirror.bytesPerWrite { try write() }
    }
    try write()
    for (id, state) in gone { try remove(holders[id] ?? .string(id), state, connection) }
    return refused
  }

  private static let unreadEdit =
    "an application changed the copy, and only the chart counts: move what is right into the chart, and take the copy out of the "
    + "patient's document, so that the next import makes it anew"

  /// Copies that their charts have left behind, and that an application changed: what they say.
  private func changedCopies(
    _ known: [String: StoredState], besides derived: [String], _ connection: borrowing StoreConnection
  ) throws -> [String: Int64] {
    let ids = known.keys.sorted()
    guard let field = copies.field, !ids.isEmpty else { return [:] }
    let present = try StoredState.states(of: ids, in: charts, connection)
    let outdated = ids.filter { id in present[id].map { $0.hash != known[id]?.hash } ?? false }
    var changed: [String: Int64] = [:]
    guard !outdated.isEmpty else { return changed }
    try connection.find(outdated, at: copies, projection: [field: 1]) { id, _, whole in
      guard let copy = try copies.document(in: whole), try ChartCopy.isChanged(copy) == true else { return }
      changed[id] = try ChartCopy.content(of: copy, besides: derived)
    }
    return changed
  }

  /// Removes the copy of a chart that is there no more.
  private func remove(_ id: BSONValue, _ state: StoredState, _ connection: borrowing StoreConnection) throws {
    guard let field = copies.field, let hash = state.hash else { return }
    let removal = WriteOperation.update(
      filter: try BSONDocument(["_id": id, "\(field)._fhirline.hash": .string(hash)]),
      try BSONDocument(["$unset": .document([field: ""])]), upsert: false, many: false)
    _ = try connection.write([removal, DocumentPlace.deletionOfNobody(id)], in: copies.collection)
  }

  /// The `_id`s of patients that are no texts.
  private func holders(
    of ids: [String], _ connection: borrowing StoreConnection
  ) throws -> [String: BSONValue] {
    var holders: [String: BSONValue] = [:]
    guard copies.hasOtherIDs else { return holders }
    try connection.find(ids, at: copies, projection: ["_id": 1]) { id, storedID, _ in holders[id] = storedID }
    return holders
  }

  /// Charts within patients that no import wrote.
  private func applicationsOwn(
    _ ids: [String], _ connection: borrowing StoreConnection
  ) throws -> [String: BSONDocument] {
    guard !ids.isEmpty, let field = copies.field else { return [:] }
    var found: [String: BSONDocument] = [:]
    try connection.find(ids, at: copies, projection: [field: 1]) { id, _, whole in
      guard let own = try copies.document(in: whole), try ChartCopy.isChanged(own) == nil else { return }
      found[id] = BSONDocument(copying: own)
    }
    return found
  }

  /// Whether a chart says nothing that another does not say as well.
  private static func isContained(_ chart: BSONView, in other: BSONView) throws -> Bool {
    try BSONFields(chart).fields.allSatisfy { field in
      guard field.key != "_id", let value = try other.find(string: field.key).map(BSONValue.init) else {
        return field.key == "_id"
      }
      guard let items = field.value.elements, let others = value.elements else { return field.value == value }
      return items.allSatisfy(others.contains)
    }
  }
}
