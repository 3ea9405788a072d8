import BSON
import DocumentStore
import FHIRMapping

/// Puts the derived fields of documents right: lists of appointments, last appointments.
///
/// Everything is read again before it is written, and a document is changed only while its hash and its derived fields
/// are as they were read. What the database says otherwise than FHIR is noted beside the links that the fields are made
/// of, so that an import of the same data finds the document unchanged, and another makes the fields of it all the same.
struct DoctorRepairs: Sendable {
  /// A document to be repaired, and the appointments that name it.
  struct Order {
    let owner: DoctorRecord.Owner
    /// The patient or provider; a chart may stand under another id than its patient.
    let subject: String
    let visits: [String]
  }

  let scan: DoctorScan

  private static let ordersPerWrite = 100

  /// Returns what became of them, by their places; those that others changed meanwhile are not among them.
  func repair(_ orders: [Order], _ connection: borrowing StoreConnection) throws -> [Int: DoctorRepair] {
    var repaired: [Int: DoctorRepair] = [:]
    var start = 0
    while start < orders.count {
      let part = start..<min(start + DoctorRepairs.ordersPerWrite, orders.count)
      start = part.upperBound
      for kind in [DoctorRecord.Owner.Kind.patient, .chart, .embeddedChart, .provider] {
        let numbers = part.filter { orders[$0].owner.kind == kind }
        guard !numbers.isEmpty else { continue }
        repaired.merge(try repair(numbers, of: orders, kind, connection)) { $1 }
      }
    }
    return repaired
  }

  /// A change, and how to see whether it was made.
  private struct Change {
    let number: Int
    let id: BSONValue
    let operation: WriteOperation
    let list: BSONValue?
    let last: BSONValue?
  }

  private func repair(
    _ numbers: [Int], of orders: [Order], _ kind: DoctorRecord.Owner.Kind,
    _ connection: borrowing StoreConnection
  ) throws -> [Int: DoctorRepair] {
    let owners = numbers.map { orders[$0] }
    let links = try links(of: owners, kind, connection)
    let documents = try documents(of: owners.map(\.owner), kind, connection)
    var changes: [Change] = []
    for number in numbers {
      let owner = orders[number].owner
      let own = links[orders[number].subject] ?? []
      guard let document = documents[DoctorRepairs.key(owner.rawID)] else { continue }
      if let change = try change(number, owner, document, links: own, connection) { changes.append(change) }
    }
    guard !changes.isEmpty else { return [:] }
    let collection = scan.place(kind).collection
    let result = try connection.write(changes.map(\.operation), in: collection)
    var outcome: [Int: DoctorRepair] = [:]
    if result.matched == changes.count, result.failures.isEmpty {
      for change in changes { outcome[change.number] = .done }
      return outcome
    }
    let refused = Dictionary(result.failures.map { ($0.index, $0.message) }) { first, _ in first }
    // Somebody else may have come in between: what stands there tells which are as they ought to be.
    for (index, change) in changes.enumerated() {
      if let reason = refused[index] {
        outcome[change.number] = .refused(reason)
        continue
      }
      var isThere = false
      try connection.find(try BSONDocument(["_id": change.id]), in: collection) { document in
        let fields = try BSONFields(try self.body(document, kind) ?? document)
        let roles = scan.roles[kind.documentKind]
        isThere =
          roles?.appointments.map { fields[$0] == change.list } ?? true
          && roles?.last.map { fields[$0] == change.last } ?? true
      }
      if isThere { outcome[change.number] = .done }
    }
    return outcome
  }

  /// The document in which the derived fields stand.
  private func body(_ document: BSONView, _ kind: DoctorRecord.Owner.Kind) throws -> BSONView? {
    kind == .embeddedChart ? try document.find(string: ChartLayout.field)?.document : document
  }

  // MARK: What the fields ought to be

  /// The appointments that name each of these owners now, as links, by the owner's id.
  private func links(
    of orders: [Order], _ kind: DoctorRecord.Owner.Kind, _ connection: borrowing StoreConnection
  ) throws -> [String: [AppointmentLink]] {
    guard let plan = scan.mappings.plan(.appointment) else { return [:] }
    let role: DoctorRecord.Role = kind == .provider ? .provider : .patient
    let wanted = Set(orders.map(\.subject))
    var links: [String: [AppointmentLink]] = [:]
    let visits = Set(orders.flatMap(\.visits)).sorted()
    try connection.find(visits, at: scan.visits) { id, _, document in
      let link = AppointmentLink(id: id, start: try plan.start(ofStored: document))
      for participant in try scan.named(document, .appointment, { try scan.participants(of: $0, id: id) })
      where participant.role == role && wanted.contains(participant.id) {
        links[participant.id, default: []].append(link)
      }
    }
    return links
  }

  /// The owners' documents as they are now, by their ids, less what is no business of the derived fields.
  private func documents(
    of owners: [DoctorRecord.Owner], _ kind: DoctorRecord.Owner.Kind, _ connection: borrowing StoreConnection
  ) throws -> [String: BSONDocument] {
    let roles = scan.roles[kind.documentKind]
    let prefix = kind == .embeddedChart ? ChartLayout.field + "." : ""
    // A path within what is projected already would be one too many.
    var projection = BSONFields([.init(prefix + "_fhirline", 1)])
    for name in [roles?.appointments, roles?.last] {
      if let name { projection[prefix + name] = 1 }
    }
    var documents: [String: BSONDocument] = [:]
    let ids = BSONValue.array(owners.map(\.rawID))
    try connection.find(
      try BSONDocument(["_id": ["$in": ids]]), in: scan.place(kind).collection,
      options: FindOptions(projection: projection)
    ) { document in
      guard let id = try document.find("_id") else { return }
      documents[DoctorRepairs.key(try BSONValue(id))] = BSONDocument(copying: document)
    }
    return documents
  }

  /// Tells apart ids of different types: 12 and "12".
  private static func key(_ id: BSONValue) -> String {
    if let text = id.text { return "s" + text }
    if let number = id.integer { return "n\(number)" }
    return "o\(id)"
  }

  private func change(
    _ number: Int, _ owner: DoctorRecord.Owner, _ stored: BSONDocument, links: [AppointmentLink],
    _ connection: borrowing StoreConnection
  ) throws -> Change? {
    let roles = scan.roles[owner.kind.documentKind]
    let prefix = owner.kind == .embeddedChart ? ChartLayout.field + "." : ""
    let links = links.sorted()
    let list: BSONValue = .array(links.map { .string($0.id) })
    let last = links.max { ($0.moment ?? .min, $0.id) < ($1.moment ?? .min, $1.id) }.map {
      BSONValue.string($0.id)
    }
    var filter: BSONFields = ["_id": owner.rawID]
    var sets: BSONFields = [:]
    var removals: BSONFields = [:]
    func guarded(_ path: String, _ present: BSONValue?) {
      filter[path] = present.map { ["$eq": $0] } ?? ["$exists": false]
    }
    var isRight = true
    var newList: BSONValue?
    try stored.withView { document in
      guard let body = try body(document, owner.kind) else { return }
      if let name = roles?.appointments {
        let present = try body.find(string: name).map(BSONValue.init)
        guarded(prefix + name, present)
        newList = present
        if links.isEmpty, present == nil {
        } else if links.isEmpty, try body.find("_fhirline") != nil {
          // As import writes it.
          removals[prefix + name] = ""
          newList = nil
          isRight = false
        } else if present != list {
          sets[prefix + name] = list
          newList = list
          isRight = false
        }
      }
      if let name = roles?.last {
        let present = try body.find(string: name).map(BSONValue.init)
        guarded(prefix + name, present)
        if present != last {
          isRight = false
          if let last { sets[prefix + name] = last } else { removals[prefix + name] = "" }
        }
      }
    }
    if isRight { return nil }
    // Of a copy of a chart it is not told any more whether an application changed it.
    if owner.kind == .embeddedChart { removals[prefix + "_fhirline.copy"] = "" }
    try stored.withView { document in
      guard let body = try body(document, owner.kind) else { return }
      let content = try StoredContent(body, of: owner.id)
      guarded(prefix + "_fhirline.hash", content.hash.map(BSONValue.string))
      guard content.hash != nil else { return }
      try correct(owner, content, links, connection, prefix: prefix + "_fhirline.", &sets, &removals)
    }
    var update: BSONFields = [:]
    if !sets.fields.isEmpty { update["$set"] = .document(sets) }
    if !removals.fields.isEmpty { update["$unset"] = .document(removals) }
    return Change(
      number: number, id: owner.rawID,
      operation: .update(
        filter: try BSONDocument(filter), try BSONDocument(update), upsert: false, many: false),
      list: newList, last: last)
  }

  /// Notes what the database says otherwise than the links that import wrote, and drops links to what is gone.
  ///
  /// Links stay as FHIR has them, and with them the hash, so that the same import again changes nothing.
  private func correct(
    _ owner: DoctorRecord.Owner, _ content: StoredContent, _ links: [AppointmentLink],
    _ connection: borrowing StoreConnection, prefix: String,
    _ sets: inout BSONFields, _ removals: inout BSONFields
  ) throws {
    let known = Dictionary(links.map { ($0.id, $0) }) { first, _ in first }
    let strays = content.links.map(\.id).filter { known[$0] == nil }
    let elsewhere = try connection.existing(ids: strays, in: scan.collection(.appointment))
    let kept = content.links.filter { known[$0.id] != nil || elsewhere.contains($0.id) }
    let written = Dictionary(kept.map { ($0.id, $0) }) { first, _ in first }
    var corrections = kept.filter { known[$0.id] == nil }.map { BSONValue.document(["id": .string($0.id)]) }
    for link in links where written[link.id] == nil || written[link.id]?.moment != link.moment {
      corrections.append(["id": .string(link.id), "start": .string(link.start)])
    }
    if corrections.isEmpty {
      removals[prefix + "corrections"] = ""
    } else {
      sets[prefix + "corrections"] = .array(corrections)
    }
    guard kept.count < content.links.count, let id = owner.rawID.text else { return }
    let whole = try PagedContent(of: id, count: content.pageCount, at: scan.place(owner.kind), connection)
    // What is no longer as it was hashed is not made to look so.
    guard let whole, whole.hash == content.hash, try whole.isAsHashed else { return }
    let hash = try whole.hash(links: kept)
    sets[prefix + "hash"] = .string(hash)
    if kept.isEmpty {
      removals[prefix + "appointments"] = ""
    } else {
      sets[prefix + "appointments"] = .array(
        kept.map { ["id": .string($0.id), "start": .string($0.start)] })
    }
  }
}
