import BSON
import DocumentStore
import FHIRMapping
import FHIRModel
import FHIRPath
import Synchronization

/// What an import does for those before it: documents whose references found nothing get the targets that came now, and
/// resources that nobody's document could hold go to their patient's. Documents that show an organization's name show its new one.
///
/// The result is what it would be had the targets come first.
final class HealingRun {
  private let run: ImportRun
  let store: DocumentStore
  private let states: StoredStates
  private var index: TargetIndex
  private let number: Int32
  let assembler: DocumentAssembler
  private let stored: StoredTargets
  private let items: SectionItems
  var resolver: ReferenceResolver
  /// Whether an organization was replaced, by this import or before it broke off, which may have another name now.
  private let hasReplaced: Bool
  /// Whether others import meanwhile: what this one waits for may have come with them, too late for it and too early for them.
  private let hasCompany: Bool
  /// Whether a resource of the inputs was not loaded.
  private let isSetAside: @Sendable (TargetIndex.Target) -> Bool
  var factory: PartFactory
  private var memory = PageMemory()
  private var healed = Count()
  /// How many notes of what waits cannot be read: somebody changed them.
  private(set) var unreadableNotes = 0

  init(
    _ run: ImportRun, store: DocumentStore, states: StoredStates, assembler: DocumentAssembler,
    index: TargetIndex,
    number: Int32, hasReplaced: Bool, hasCompany: Bool = false, newBases: Set<String> = [],
    isSetAside: @escaping @Sendable (TargetIndex.Target) -> Bool
  ) {
    self.hasReplaced = hasReplaced
    self.hasCompany = hasCompany
    self.run = run
    self.store = store
    self.states = states
    self.assembler = assembler
    self.index = index
    self.number = number
    items = run.sectionItems(store, states)
    stored = StoredTargets(
      store: store, mappings: run.mappings, collections: run.collections, prefix: run.prefix,
      newBases: newBases, items: items)
    self.isSetAside = isSetAside
    resolver = ReferenceResolver(run: index, stored: stored, isSetAside: isSetAside)
    factory = PartFactory(
      mappings: run.mappings, source: run.source, encounterClasses: run.encounterClasses,
      unfitIDs: states.unfitIDs)
  }

  /// A document that waits, with the notes that are settled.
  struct Waiting {
    let kind: DocumentKind
    let id: String
    var notes: [String] = []
    /// Whether this import itself noted all that it waits for.
    var isOwn = true
  }

  /// How many references found their target.
  struct Count {
    /// Of earlier imports.
    var earlier = 0
    /// Of this one, which brought the target behind them, or beside them.
    var own = 0
  }

  private static let documentsPerBatch = 100
  private static let namesPerQuestion = 1000

  private var prefix: String { run.prefix }

  /// Returns how many references found their target.
  func heal() throws -> Count {
    let returned = try returned()
    let names = try newNames(returned)
    for (key, name) in names { index.setName(name, of: key) }
    if !names.isEmpty { resolver = ReferenceResolver(run: index, stored: stored, isSetAside: isSetAside) }
    let waiting = try documents(showing: names)
    guard !waiting.isEmpty else {
      try settle(returned, names)
      return Count()
    }
    let refused = Mutex<Set<String>>([])
    let loader = DocumentLoader(
      store: store, states: states, assembler: assembler, counted: { _ in },
      refused: { document, _ in refused.withLock { _ = $0.insert("\(document.kind.rawValue)/\(document.id)") }
      })
    loader.start()
    let found = Result { try load(waiting, names, into: loader) { try self.pages(of: $0) } }
    // Whatever goes wrong, its threads are through before anybody says so.
    if let failure = loader.finish() { throw failure }
    let healedDocuments = try found.get()
    // What was refused waits on.
    guard refused.withLock({ $0.isEmpty }) else { return healed }
    if let failure = stored.failure { throw failure }
    try finish(healedDocuments)
    try settle(returned, names)
    return healed
  }

  /// Puts documents together as they would be healed, beside what else is planned. Nothing is written.
  ///
  /// Returns how many references would find their target.
  func plan(into sink: PlanSink) throws -> Count {
    let names = try newNames(returned()) { [prefix] in try sink.names(of: $0, prefix: prefix) }
    for (key, name) in names { index.setName(name, of: key) }
    if !names.isEmpty { resolver = ReferenceResolver(run: index, stored: stored, isSetAside: isSetAside) }
    let waiting = try documents(showing: names)
    guard !waiting.isEmpty else { return Count() }
    let (found, isRefused) = try sink.healing { healed in
      try load(waiting, names, into: healed) { try sink.pages(of: $0.id, $0.kind) }
    }
    if let failure = stored.failure { throw failure }
    // What was refused waits on.
    if isRefused { return healed }
    for (from, _, _) in found.moved { try sink.leaveNobody(from.id) }
    return healed
  }

  /// What became of documents that waited.
  private struct Healed {
    /// Notes that are through.
    var settled: [String] = []
    var moved: [(from: Waiting, kind: DocumentKind, id: String)] = []
    var gone: [Waiting] = []
  }

  private func load(
    _ waiting: [Waiting], _ names: [String: String], into sink: any DocumentSink,
    pages: (Waiting) throws -> [BSONDocument]?
  ) throws -> Healed {
    var healed = Healed()
    for start in stride(from: 0, to: waiting.count, by: HealingRun.documentsPerBatch) {
      // The notes stay, and the import that goes on finds them.
      if Interruption.isAsked { throw PipelineFailure.interrupted }
      var parts = PartBuffer()
      for document in waiting[start..<min(start + HealingRun.documentsPerBatch, waiting.count)] {
        guard let pages = try pages(document) else {
          healed.gone.append(document)
          continue
        }
        if let home = try heal(document, pages, names, into: &parts) {
          healed.moved.append((document, home.kind, home.id))
        }
        healed.settled += document.notes
      }
      guard sink.put(try requests(parts)) else { break }
    }
    return healed
  }

  // MARK: Who waits

  /// The documents that wait for something that this run brought, in the order of their kinds and ids.
  private func documents(showing names: [String: String]) throws -> [Waiting] {
    var found: [String: Waiting] = [:]
    let others = try RenamedTargets(run, store, states).documents(showing: names)
    try store.persevering { connection in
      found = [:]
      unreadableNotes = 0
      // What this import looked for in vain, and others may have brought: asked for many at a time.
      var own: [(name: String, waiting: Waiting)] = []
      func add(_ waiting: Waiting) {
        let key = waiting.kind.rawValue + "/" + waiting.id
        var known = found[key] ?? Waiting(kind: waiting.kind, id: waiting.id)
        known.notes += waiting.notes
        known.isOwn = known.isOwn && waiting.isOwn
        found[key] = known
      }
      func look() {
        stored.look(for: own.lazy.map(\.name).filter { !$0.hasPrefix(WaitingReferences.name(ofTarget: "")) })
        for (name, waiting) in own where isStored(name, names) { add(waiting) }
        own = []
      }
      var filter: BSONFields = ["source": .string(run.source)]
      // By a server's URL whatever came may be found, of this import as well; and what stands in sections is known when it is loaded.
      if !hasCompany {
        filter["$or"] = [
          ["run": ["$ne": .int32(number)]], ["name": ["$gte": "http", "$lt": "httpt"]],
          ["name": ["$regex": .string(items.names)]],
        ]
      }
      try connection.find(try BSONDocument(filter), in: WaitingReferences.collection) { note in
        guard let name = try note.find("name")?.text, let id = try note.find("_id")?.text,
          let document = try note.find("document")?.text, let kindName = try note.find("kind")?.text,
          let kind = DocumentKind(rawValue: kindName)
        else {
          if try note.find("kind")?.text != FormerNames.kind { unreadableNotes += 1 }
          return
        }
        let isOwn = try note.find("run")?.integer == Int64(number)
        let waiting = Waiting(kind: kind, id: document, notes: [id], isOwn: isOwn)
        if isKnown(name) {
          add(waiting)
        } else if isOwn && hasCompany || stored.key(name) != nil || index.target(named: name) != nil
          || items.isAsked(by: name)
        {
          // Of whom a version was set aside another may be there.
          own.append((name, waiting))
          if own.count == HealingRun.namesPerQuestion { look() }
        }
      }
      look()
    }
    for (kind, id) in others {
      found[kind.rawValue + "/" + id, default: Waiting(kind: kind, id: id)].notes += []
    }
    return found.values.sorted { ($0.kind, $0.id) < ($1.kind, $1.id) }
  }

  /// The names of organizations that documents may show others of.
  ///
  /// - Parameters:
  ///   - returned: those that were deleted before.
  ///   - planned: those that a plan would give them; nil where all that came is in the database.
  private func newNames(
    _ returned: Set<String>, planned: ((Set<String>) throws -> [String: String])? = nil
  ) throws -> [String: String] {
    let hadThem = try states.hadDocuments(.resource)
    let keys = hadThem ? Set(index.named) : index.renamed.union(returned)
    let awaited = try awaitedNames()
    var stored = try RenamedTargets(run, store, states).names(of: keys.union(awaited))
    if let planned { stored.merge(try planned(keys)) { _, planned in planned } }
    return hasReplaced
      ? stored
      : stored.filter {
        index.renamed.contains($0.key) || awaited.contains($0.key) || returned.contains($0.key)
          || index.name(of: $0.key) != $0.value
      }
  }

  /// The organizations of this run that were deleted before.
  private func returned() throws -> Set<String> {
    try store.persevering { connection in
      try FormerNames(source: run.source, run: index).deleted(connection)
    }
  }

  /// Forgets of organizations that came again that they had been deleted, now that documents show their names.
  private func settle(_ returned: Set<String>, _ names: [String: String]) throws {
    try store.persevering { connection in
      try FormerNames(source: run.source, run: index).settle(returned.filter { names[$0] != nil }, connection)
    }
  }

  /// The organizations whose names this import's documents wait for, where somebody else may have brought them.
  private func awaitedNames() throws -> Set<String> {
    guard hasCompany else { return [] }
    let prefix = WaitingReferences.name(ofTarget: "")
    var keys: Set<String> = []
    try store.persevering { connection in
      keys = []
      let own: BSONFields = ["source": .string(run.source), "run": .int32(number)]
      try connection.find(
        try BSONDocument(own), in: WaitingReferences.collection, options: FindOptions(projection: ["name": 1])
      ) { note in
        guard let name = try note.find("name")?.text, name.hasPrefix(prefix) else { return }
        keys.insert(String(name.dropFirst(prefix.count)))
      }
    }
    return keys
  }

  /// Whether the database has by now what this import looked for in vain.
  private func isStored(_ name: String, _ names: [String: String]) -> Bool {
    let prefix = WaitingReferences.name(ofTarget: "")
    if name.hasPrefix(prefix) { return names[String(name.dropFirst(prefix.count))] != nil }
    return stored.target(named: name) != nil
  }

  private func isKnown(_ name: String) -> Bool {
    let prefix = WaitingReferences.name(ofTarget: "")
    if name.hasPrefix(prefix) { return index.name(of: String(name.dropFirst(prefix.count))) != nil }
    return index.target(named: name).map { !isSetAside($0) } ?? false
  }

  func pages(of document: Waiting) throws -> [BSONDocument]? {
    let place = states.place(of: document.kind)
    var first: BSONDocument?
    var rest: [String: BSONDocument] = [:]
    try store.persevering { connection in
      try connection.find([document.id], at: place) { _, _, document in
        first = try place.document(in: document).map { BSONDocument(copying: $0) }
      }
      guard let first else { return }
      let count = try first.withView { try StoredState($0).pages }
      guard count > 1 else { return }
      try connection.find(ids: (2...count).map { "\(document.id)#\($0)" }, in: place.pages) { page in
        if let id = try page.find("_id")?.text { rest[id] = BSONDocument(copying: page) }
      }
    }
    guard let first else { return nil }
    return [first] + rest.sorted { ($0.key.utf8.count, $0.key) < ($1.key.utf8.count, $1.key) }.map(\.value)
  }

  // MARK: Healing

  /// Adds the parts of a document's resources that are others now; returns where a resource went that was nobody's.
  private func heal(
    _ document: Waiting, _ pages: [BSONDocument], _ names: [String: String], into parts: inout PartBuffer
  ) throws -> (kind: DocumentKind, id: String)? {
    let draft = try assembler.draft(ofStored: pages, kind: document.kind, id: document.id)
    var resources: [(key: String, bytes: BSONDocument, origin: Origin)] = []
    var failure: (any Error)?
    draft.forEachResource { key, bytes, origin in
      do {
        resources.append((key, BSONDocument(copying: try BSONView(bytes)), origin))
      } catch let error {
        failure = error
      }
    }
    if let failure { throw failure }
    var home: (kind: DocumentKind, id: String)?
    for resource in resources {
      let type = String(resource.key.prefix { $0 != "/" })
      let named = Set(
        run.mappings.namedTargets.filter { $0.type == type }.compactMap { $0.path.segments.first?.child.name }
      )
      var patch = ReferencePatch(resolver: resolver, named: named, names: names) { [run] target in
        let prefix = run.prefix
        return target.type + "/" + prefix + target.id
      }
      var value = BSONValue.document(try resource.bytes.fields())
      let isChanged = patch.apply(to: &value)
      // Lists name an appointment whose participants are named by an identifier alone, and stay so.
      let isLinked = document.kind == .appointment
      guard isChanged || isLinked || document.kind == .resource, var fields = value.fields else { continue }
      try fields.foundTargets()
      let found = try factory.parts(
        healed: try BSONDocument(fields), key: resource.key, resolver: resolver, origin: resource.origin,
        isChanged: isChanged || isLinked, was: document.kind, into: &parts)
      guard let found else { continue }
      if !document.notes.isEmpty {
        let count = max(patch.count, 1)
        if document.isOwn { healed.own += count } else { healed.earlier += count }
      }
      if document.kind == .resource, found.kind != .resource { home = found }
    }
    return home
  }

  private func requests(_ parts: borrowing PartBuffer) throws -> [LoadRequest] {
    let groups = DocumentGroups(parts)
    return try groups.groups.map { group in
      var draft = DocumentDraft(kind: group.kind, id: groups.id(of: group))
      draft.merge(groups.parts(of: group))
      return LoadRequest(try assembler.assemble(draft, hash: assembler.hash(of: draft), in: &memory))
    }
  }

  // MARK: Afterwards

  /// Takes away what was settled: documents whose resource went elsewhere, and notes.
  ///
  /// **Invariant:** a note goes last. A run that is killed before finds it again, and does the rest.
  private func finish(_ found: Healed) throws {
    let waiting = WaitingReferences(store: store, source: run.source, run: number)
    var notes = found.settled
    let renoted = Result {
      try store.persevering { connection in
        for (from, kind, id) in found.moved {
          // What else it waits for, it waits for in its new home.
          try eachNote(of: from, connection) { note, name in
            if !from.notes.contains(note) { waiting.add([name], kind: kind, documentID: id) }
            notes.append(note)
          }
        }
        for document in found.gone {
          try eachNote(of: document, connection) { note, _ in notes.append(note) }
        }
      }
    }
    let failure = waiting.finish()
    try renoted.get()
    if let failure { throw failure }
    try store.persevering { connection in
      _ = try connection.delete(ids: found.moved.map(\.from.id), from: states.collection(of: .resource))
      _ = try connection.delete(ids: notes, from: WaitingReferences.collection)
    }
  }

  /// What this import noted for a document.
  func ownNotes(of document: Waiting) throws -> [(id: String, name: String)] {
    var notes: [(id: String, name: String)] = []
    try store.persevering { connection in
      notes = []
      try eachNote(of: document, filter: ["run": .int32(number)], connection) { notes.append(($0, $1)) }
    }
    return notes
  }

  private func eachNote(
    of document: Waiting, filter more: BSONFields = [:], _ connection: borrowing StoreConnection,
    _ body: (_ id: String, _ name: String) -> Void
  ) throws {
    var filter: BSONFields = [
      "document": .string(document.id), "kind": .string(document.kind.rawValue),
      "source": .string(run.source),
    ]
    filter.fields += more.fields
    try connection.find(try BSONDocument(filter), in: WaitingReferences.collection) { note in
      guard let id = try note.find("_id")?.text, let name = try note.find("name")?.text else { return }
      body(id, name)
    }
  }
}
