import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// Takes the documents of an import, and compares them with those that are stored instead of writing them.
///
/// Several inputs may add to one document: each is put together with what the ones before it would have left.
final class PlanSink: DocumentSink {
  /// What would become of a document by what has come for it so far.
  struct Plan: BitwiseCopyable {
    let fate: PlannedDocument.Fate
    /// Whether nothing would be left of it.
    let isGone: Bool
    private let start: Int
    private let end: Int

    init(fate: PlannedDocument.Fate, room: Range<Int>? = nil, isGone: Bool = false) {
      self.fate = fate
      self.isGone = isGone
      start = room?.lowerBound ?? 0
      end = room?.upperBound ?? 0
    }

    /// Where it is kept, unless it stays as it is.
    var room: Range<Int>? { start < end ? start..<end : nil }
  }

  /// The plans for documents, by the hashes of kind and id.
  struct Plans {
    private var table = FiledTable<Plan>(expectsMisses: true)

    subscript(key: UInt64) -> Plan? { table.value(of: key) { $1 } }

    mutating func set(_ plan: Plan, for key: UInt64) { table.note(plan, under: key) { $1 } }
  }

  struct State {
    var plans = Plans()
    var counts: [String: [PlannedDocument.Fate: Int]] = [:]
    /// By fate: the first documents in the order of their collections and ids.
    var documents: [PlannedDocument.Fate: [PlannedDocument]] = [:]
    /// By appointment: who would lose it.
    var formerOwners: [String: Set<AppointmentOwner>] = [:]
    /// By key: the documents that resources would be in which are to be deleted.
    var homes: [String: [DocumentKind: Set<String>]] = [:]
    /// Resources that transactions would delete.
    var deleted: [TargetIndex.Target] = []
    /// How many documents would be refused whose resources did not come with this import.
    var refusedUncounted = 0
    var failure: PipelineFailure?
  }

  /// A document's turn: workers do not put together the same one at a time.
  private final class Turn: Sendable {
    let lock = Mutex(())
  }

  let store: DocumentStore
  let states: StoredStates
  let assembler: DocumentAssembler
  private let mappings: MappingSet
  let ledger: ImportLedger
  private let limit: Int
  /// Tells what is to be deleted.
  private let deletions: Deletions
  /// Finds it.
  let deletionRun: DeletionRun
  let kept: PlannedPages
  let refusals: ForeseenRefusals
  private let turns = (0..<64).map { _ in Turn() }
  let state = Mutex(State())

  init(
    store: DocumentStore, states: StoredStates, assembler: DocumentAssembler, mappings: MappingSet,
    ledger: ImportLedger, deletions: Deletions, deletionRun: DeletionRun, limit: Int,
    refusals: ForeseenRefusals
  ) throws {
    self.refusals = refusals
    self.deletionRun = deletionRun
    self.store = store
    self.states = states
    self.assembler = assembler
    self.mappings = mappings
    self.ledger = ledger
    self.limit = limit
    self.deletions = deletions
    kept = try PlannedPages()
  }

  var hasFailed: Bool { failure != nil }
  var failure: PipelineFailure? { state.withLock { $0.failure } }
  var counts: [String: [PlannedDocument.Fate: Int]] { state.withLock { $0.counts } }
  var documents: [PlannedDocument.Fate: [PlannedDocument]] { state.withLock { $0.documents } }
  var deletedInTransactions: [TargetIndex.Target] { state.withLock { $0.deleted } }

  func foundUnchanged(_ kind: DocumentKind, _ id: String) {
    // What another input has changed stays changed.
    let key = PlanSink.key(kind, id)
    state.withLock { state in
      guard state.plans[key] == nil else { return }
      state.plans.set(Plan(fate: .unchanged), for: key)
      state.counts[states.place(of: kind).name, default: [:]][.unchanged, default: 0] += 1
    }
  }

  func put(_ requests: [LoadRequest]) -> Bool { put(requests, counts: true) }

  func put(_ requests: [LoadRequest], counts: Bool) -> Bool {
    do {
      let groups = Dictionary(grouping: requests) { $0.document.kind }
      for (kind, requests) in groups { try put(requests.map(\.document), kind, counts: counts) }
      return true
    } catch {
      fail(error)
      return false
    }
  }

  /// Ends the plan; the first reason counts.
  func fail(_ error: any Error) {
    let message = (error as? StoreError)?.message ?? "\(error)"
    state.withLock { state in
      state.failure =
        state.failure ?? (error as? PipelineFailure) ?? PipelineFailure(.connection, message)
    }
  }

  private func put(_ documents: [Assembly], _ kind: DocumentKind, counts: Bool) throws {
    let own = try ownAppointments(in: documents, kind)
    let documents = Dictionary(grouping: try withoutNeedlessCharts(documents, kind), by: \.id)
    var taken: [String] = []
    var haveLeftPages: Set<String>?
    try forEachStored(Array(documents.keys), kind) { id, stored in
      if stored.isEmpty, haveLeftPages == nil {
        haveLeftPages = try self.haveLeftPages(documents.values.flatMap { $0 }, kind)
      }
      for document in documents[id] ?? [] {
        let mayGoOn = stored.isEmpty && (document.pageCount > 1 || haveLeftPages?.contains(id) ?? false)
        try add(document, to: stored, mayGoOn: mayGoOn, kind, own: own, counts: counts)
      }
      if kind == .patient, try isTaken(id, stored) { taken.append(id) }
    }
    if !taken.isEmpty {
      try put(taken.map { try assembler.emptyDocument(.chart, $0) }, .chart, counts: counts)
    }
  }

  /// Leaves out empty charts of an application's own patients who would stay as they are.
  private func withoutNeedlessCharts(_ documents: [Assembly], _ kind: DocumentKind) throws -> [Assembly] {
    guard kind == .chart else { return documents }
    let empty = documents.filter { assembler.isEmpty($0) }
    guard !empty.isEmpty else { return documents }
    let own = try store.withConnection { try states.ownPatients(among: empty.map(\.id), $0) }
    guard !own.isEmpty else { return documents }
    return documents.filter { document in
      !own.contains(document.id) || !assembler.isEmpty(document) || wouldChange(.patient, document.id)
    }
  }

  /// Whether a patient whom an application made would be the import's.
  private func isTaken(_ id: String, _ stored: [BSONDocument]) throws -> Bool {
    guard let first = stored.first, wouldChange(.patient, id) else { return false }
    return try first.withView { try !StoredState($0).isImported }
  }

  /// Whether what has come so far would change a document.
  private func wouldChange(_ kind: DocumentKind, _ id: String) -> Bool {
    state.withLock { $0.plans[PlanSink.key(kind, id)]?.fate ?? .unchanged } != .unchanged
  }

  /// Which of the appointments that documents are to list would be an application's own still.
  func ownAppointments(in documents: some Sequence<Assembly>, _ kind: DocumentKind) throws -> Set<String> {
    try states.ownAppointments(in: documents, kind).filter { !wouldChange(.appointment, $0) }
  }

  /// Hands over each of these documents once, with its pages as they are stored; with none where it is not there.
  func forEachStored(
    _ ids: [String], _ kind: DocumentKind, _ body: (_ id: String, _ stored: [BSONDocument]) throws -> Void
  ) throws {
    var waiting = Set(ids)
    // What is known of a collection is known once that was asked.
    if try states.hadDocuments(kind) {
      let place = states.place(of: kind)
      let projection = place.field.map { BSONFields([.init($0, 1)]) }
      try store.withConnection { connection in
        try connection.find(ids, at: place, projection: projection) { id, _, stored in
          guard let own = try place.document(in: stored), waiting.remove(id) != nil else { return }
          try body(id, allPages(of: id, BSONDocument(copying: own), place))
        }
      }
    }
    guard !waiting.isEmpty else { return }
    let rest = ids.filter(waiting.contains)
    let strays = try self.strays(rest, kind)
    for id in rest { try body(id, strays[id].map { [$0] } ?? []) }
  }

  /// Documents that an application keeps elsewhere, and that would go to where they are to be.
  private func strays(_ ids: [String], _ kind: DocumentKind) throws -> [String: BSONDocument] {
    guard !ids.isEmpty, let place = try states.strays(of: kind) else { return [:] }
    var found: [String: BSONDocument] = [:]
    try store.withConnection { connection in
      try connection.find(ids, at: place, projection: place.field.map { [$0: 1] }) { id, _, document in
        guard let own = try place.document(in: document), !(try StoredState(own).isImported) else { return }
        found[id] = BSONDocument(copying: own)
      }
    }
    return found
  }

  private func allPages(of id: String, _ first: BSONDocument, _ place: DocumentPlace) throws -> [BSONDocument]
  {
    let count = try first.withView { try StoredState($0) }.pages
    guard count > 1 else { return [first] }
    return try store.withConnection { connection in
      var room = PageRoom(pages: count)
      var pages: [BSONDocument] = []
      try connection.forEachPage(of: id, count: count, at: place) { pages.append(try room.keep($0)) }
      return pages
    }
  }

  /// Which of these documents have further pages, of those that are not there themselves.
  private func haveLeftPages(_ documents: [Assembly], _ kind: DocumentKind) throws -> Set<String> {
    guard kind == .chart, try states.hadDocuments(kind) else { return [] }
    let reader = CollectionLoader(reading: kind, states, assembler)
    return try store.withConnection { try reader.haveLeftPages(documents, $0) }
  }

  /// A document that is not there with what stands on further pages of it.
  private func withLeftPages(_ document: Assembly, _ kind: DocumentKind) throws -> Assembly {
    let reader = CollectionLoader(reading: kind, states, assembler)
    let left = try store.withConnection { try reader.leftPages(of: document, $0) }
    return left.found.isEmpty ? document : try assembler.assemble(document, left: left.inOrder)
  }

  /// - Parameters:
  ///   - stored: its pages in the database; none for one that is not there.
  ///   - mayGoOn: whether further pages may be there all the same.
  private func add(
    _ document: Assembly, to stored: [BSONDocument], mayGoOn: Bool, _ kind: DocumentKind, own: Set<String>,
    counts: Bool
  ) throws {
    let place = states.place(of: kind)
    let key = PlanSink.key(document.kind, document.id)
    try noteHomes(in: document)
    try turns[Int(key % 64)].lock.withLock { _ in
      let base = try changed(document.id, document.kind) ?? stored
      guard !base.isEmpty else {
        guard let needed = try assembler.needed(document, own: own) else { return }
        let planned = try mayGoOn ? withLeftPages(needed, kind) : needed
        if try isRefused(planned, needed, over: base, place, counts: counts) { return }
        if counts { ledger.count(planned.tally) }
        guard stored.isEmpty else { return try note(planned, over: stored, place) }
        let room = try kept.keep(count: planned.pageCount) { try planned.page($0) }
        note(
          PlannedDocument(kind: document.kind, collection: place.name, id: document.id, fate: .insert), room)
        return
      }
      if assembler.isEmpty(document) {
        foundUnchanged(document.kind, document.id)
        return
      }
      let planned: Assembly
      do {
        planned = try assembler.assemble(document, stored: base, own: own)
      } catch let error as DocumentAssembler.OccupiedSection {
        if counts { ledger.refuse(document, reason: "\(error)") }
        return
      }
      let before = try base[0].withView { try StoredState($0) }
      let isStill = before.isStill(planned, pages: base.count)
      if try !isStill && isRefused(planned, document, over: base, place, counts: counts) { return }
      if counts { ledger.count(planned.tally) }
      // An older form of an appointment changes nothing, and is in the list of whom it names all the same.
      if planned.kind == .appointment { noteFormerOwners(planned.formerOwners, of: planned.id) }
      if isStill {
        foundUnchanged(document.kind, document.id)
        return
      }
      try note(planned, over: stored, place)
    }
  }

  /// - Parameter stored: its pages in the database; none for one that is not there.
  private func note(
    _ planned: Assembly, over stored: [BSONDocument], _ place: DocumentPlace,
    _ list: WritableKeyPath<PlannedDocument, [String]> = \.leaving, _ keys: [String] = []
  ) throws {
    let room = try kept.keep(count: planned.pageCount) { try planned.page($0) }
    guard !stored.isEmpty else {
      note(PlannedDocument(kind: planned.kind, collection: place.name, id: planned.id, fate: .insert), room)
      return
    }
    // What came and left again leaves it as it is.
    if try stored[0].withView({ try StoredState($0) }).isStill(planned, pages: stored.count) {
      return note(
        PlannedDocument(kind: planned.kind, collection: place.name, id: planned.id, fate: .unchanged), nil)
    }
    var document = try PlannedDocument(
      kind: planned.kind, collection: place.name, id: planned.id, stored: stored,
      planned: try kept.pages(at: room), mappings: mappings)
    document[keyPath: list] = keys
    note(document, room)
  }

  func note(_ document: PlannedDocument, _ room: Range<Int>?, isGone: Bool = false) {
    let key = PlanSink.key(document.kind, document.id)
    state.withLock { state in
      var document = document
      let before = state.plans[key]
      state.plans.set(Plan(fate: document.fate, room: room, isGone: isGone), for: key)
      if let before {
        state.counts[document.collection]?[before.fate]? -= 1
        let other = state.documents[before.fate]?.firstIndex {
          $0.kind == document.kind && $0.id == document.id
        }
        if let other, let removed = state.documents[before.fate]?.remove(at: other) {
          document.leaving = removed.leaving + document.leaving
          document.deleted = removed.deleted + document.deleted
        }
      }
      state.counts[document.collection, default: [:]][document.fate, default: 0] += 1
      guard document.fate != .unchanged else { return }
      var documents = state.documents.removeValue(forKey: document.fate) ?? []
      let isFirst = documents.last.map { document.precedes($0) } ?? true
      if documents.count < limit || isFirst {
        let place = documents.firstIndex { document.precedes($0) } ?? documents.count
        documents.insert(document, at: place)
        if documents.count > limit { documents.removeLast() }
      }
      state.documents[document.fate] = documents
    }
  }

  static func key(_ kind: DocumentKind, _ id: String) -> UInt64 {
    ContentHash.of("\(kind.number) \(id)")
  }

  /// Takes note of where those resources are that are to be deleted.
  private func noteHomes(in document: Assembly) throws {
    guard !deletions.isEmpty else { return }
    try document.draft().forEachResource { key, _, _ in
      guard deletions.concerns(key) else { return }
      state.withLock { _ = $0.homes[key, default: [:]][document.kind, default: []].insert(document.id) }
    }
  }

  // MARK: What moves

  private func noteFormerOwners(_ owners: Set<AppointmentOwner>, of appointment: String) {
    guard !owners.isEmpty else { return }
    state.withLock { $0.formerOwners[appointment, default: []].formUnion(owners) }
  }

  /// Takes appointments out of the lists of those who would have them no longer; who has them has them with their start.
  ///
  /// - Parameters:
  ///   - resolver: finds who is named by a business identifier alone.
  ///   - moved: by the appointment, who has it in one of several versions that came.
  func settleAppointments(
    prefix: String, _ resolver: ReferenceResolver, moved: [String: Set<Departures.Owner>]
  ) throws {
    func document(_ owner: AppointmentOwner) -> Departures.Owner? {
      let id = owner.name.map { resolver.target(named: $0)?.id } ?? owner.id
      return id.map { Departures.Owner(kind: owner.kind, id: prefix + $0) }
    }
    let former = state.withLock { $0.formerOwners }.mapValues { Set($0.compactMap(document)) }
    let all = former.merging(moved) { $0.union($1) }
    for (appointment, owners) in all.sorted(by: { $0.key < $1.key }) {
      let pages = try present(appointment, .appointment).planned
      let draft =
        pages.isEmpty ? nil : try assembler.draft(ofStored: pages, kind: .appointment, id: appointment)
      let present = Set(try draft?.appointmentOwners().compactMap(document) ?? [])
      let start = try draft?.appointmentStart() ?? ""
      for owner in owners {
        for kind in owner.kind == .patient ? [DocumentKind.patient, .chart] : [owner.kind] {
          guard present.contains(owner) else {
            try remove([], links: [appointment], from: owner.id, of: kind)
            continue
          }
          var parts = PartBuffer()
          parts.append(link: AppointmentLink(id: appointment, start: start), of: kind, owner.id, sequence: 0)
          let document = try assembler.assemble(kind: kind, id: owner.id, parts: parts.list())
          try put([document], kind, counts: false)
        }
      }
    }
  }

  /// A document's pages as they are stored, and as they would be by what has come so far; none for one that is not there.
  func present(
    _ id: String, _ kind: DocumentKind
  ) throws -> (stored: [BSONDocument], planned: [BSONDocument]) {
    var stored: [BSONDocument] = []
    try forEachStored([id], kind) { stored = $1 }
    return (stored, try changed(id, kind) ?? stored)
  }

  /// A document's pages as they would be by what has come so far, none for one that would be gone; nil where they are as they are stored.
  func changed(_ id: String, _ kind: DocumentKind) throws -> [BSONDocument]? {
    guard let plan = state.withLock({ $0.plans[PlanSink.key(kind, id)] }) else { return nil }
    return plan.isGone ? [] : try plan.room.map { try kept.pages(at: $0) }
  }

  /// Whether a document is an application's own.
  func isOwn(_ document: BSONDocument, _ place: DocumentPlace) throws -> Bool {
    try document.withView { try !StoredState($0).isImported && !place.isNobody($0) }
  }

  /// Takes resources, and links to appointments, out of a document.
  ///
  /// - Parameters:
  ///   - known: its pages in the database; nil where that is not asked yet.
  ///   - keepsEmpty: whether the document stays that nothing is left in; nil where that is not known.
  @discardableResult
  func remove(
    _ keys: Set<String>, links: Set<String> = [], from id: String, of kind: DocumentKind,
    stored known: [BSONDocument]? = nil, keepsEmpty: Bool? = nil, isDeletion: Bool = false
  ) throws -> CollectionLoader.Removal {
    let place = states.place(of: kind)
    return try turns[Int(PlanSink.key(kind, id) % 64)].lock.withLock { _ in
      let stored = try known ?? present(id, kind).stored
      let base = try changed(id, kind) ?? stored
      guard let first = base.first else { return .removed(0) }
      // What this program did not write it takes nothing out of.
      if try !keys.isEmpty && isOwn(first, place) { return .left }
      guard try first.withView({ try StoredState($0) }).isImported else { return .removed(0) }
      let removal = try assembler.assemble(
        kind: kind, id: id, without: keys, links: links, stored: base,
        keepsEmpty: keepsEmpty ?? (kind == .chart && patients(among: [id]).contains(id)))
      noteFormerOwners(removal.formerOwners, of: id)
      guard removal.isChanged || removal.document == nil else { return .removed(0) }
      if let document = removal.document, let reason = try refusal(of: document, over: base, place) {
        return .refused(reason)
      }
      if let document = removal.document {
        try note(document, over: stored, place, isDeletion ? \.deleted : \.leaving, keys.sorted())
      } else {
        // Nothing is left of it; what was not there before, or held a chart alone, is as it was.
        let wasNothing = try stored.first.map { try $0.withView { try place.isNobody($0) } } ?? true
        var document = PlannedDocument(
          kind: kind, collection: place.name, id: id, fate: wasNothing ? .unchanged : .replace)
        document[keyPath: isDeletion ? \PlannedDocument.deleted : \PlannedDocument.leaving] = keys.sorted()
        note(document, nil, isGone: true)
      }
      return .removed(removal.removed)
    }
  }
}

extension PlannedDocument {
  fileprivate func precedes(_ other: PlannedDocument) -> Bool { (kind, id) < (other.kind, other.id) }
}

extension DocumentPlace {
  /// `patient_chart`, or `patient.patient_chart` for what stands within another document.
  var name: String { field.map { "\(collection).\($0)" } ?? collection }
}
