import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// What earlier imports loaded, found by what others call it. Answers are remembered for the run.
package final class StoredTargets: Sendable {
  /// Where documents of their own keep the names that others may call them by.
  package static let namesPath = "_fhirline.names"

  private struct State {
    private var answers: [String: TargetIndex.Target?] = [:]
    /// Those from before; what was just asked for all at once is not to be forgotten before it is used.
    private var olderAnswers: [String: TargetIndex.Target?] = [:]
    var names: [String: String?] = [:]
    var bases: Set<String>?
    var failure: StoreError?

    /// As many again are remembered of those from before.
    private static let mostAnswers = 100_000

    /// Names of which there are several.
    private(set) var ofSeveral: Set<String> = []

    /// What is known of a name; nil where it was not asked for, or that is forgotten.
    func answer(_ name: String) -> TargetIndex.Target?? { answers[name] ?? olderAnswers[name] }

    mutating func note(_ found: [TargetIndex.Target], of name: String) {
      if answers.count >= State.mostAnswers {
        olderAnswers = answers
        answers = [:]
      }
      answers[name] = .some(found.count == 1 ? found[0] : nil)
      guard found.count > 1 else { return }
      if ofSeveral.count >= State.mostAnswers { ofSeveral = [] }
      ofSeveral.insert(name)
    }
  }

  private let store: DocumentStore
  private let mappings: MappingSet
  private let collections: [DocumentKind: String]
  /// What the source's documents have before their ids: what is another source's is nobody's target.
  private let prefix: String
  private let known: StoredCollections?
  /// The collections that have names; nil for all.
  private let named: Set<String>?
  /// Of servers, beside those that the database knows.
  private let newBases: Set<String>
  /// Finds what stands in sections.
  private let items: SectionItems
  private let state = Mutex(State())
  private let singleQuestions = Atomic(0)
  /// Whether any name was found to be that of several.
  private let hasSeveral = Atomic(false)

  /// How often the database was asked for one name alone.
  var questions: Int { singleQuestions.load(ordering: .relaxed) }

  /// The kinds of documents that others may name; the last holds the resources that have no other home.
  static let kinds: [DocumentKind] = [.patient, .provider, .appointment, .resource]

  /// - Parameters:
  ///   - prefix: what the source's documents have before their ids.
  ///   - known: what is known of the collections: those that had no documents are not asked.
  ///   - named: the collections that have names; nil for all.
  ///   - newBases: bases of servers that the database does not know yet.
  ///   - items: finds what stands in sections.
  init(
    store: DocumentStore, mappings: MappingSet, collections: [DocumentKind: String], prefix: String = "",
    known: StoredCollections? = nil, named: Set<String>? = nil, newBases: Set<String> = [],
    items: SectionItems
  ) {
    self.items = items
    self.newBases = newBases
    self.store = store
    self.mappings = mappings
    self.collections = collections
    self.prefix = prefix
    self.known = known
    self.named = named
  }

  /// Why the database could not be asked; answers are then no answers.
  var failure: PipelineFailure? { state.withLock { $0.failure.map(DocumentLoader.failure) } }

  /// `Patient/1` where a name is the URL that a known server has for it.
  func key(_ name: String) -> String? { state.withLock { key(name, &$0) } }

  private func key(_ name: String, _ state: inout State) -> String? {
    guard name.hasPrefix("http") else { return nil }
    return attempt(&state) { state in
      let bases = try state.bases ?? storedBases()
      state.bases = bases
      return StoredName.key(name, bases: bases)
    } ?? nil
  }

  /// Asks the database something; nil where it cannot be asked, now or before.
  @discardableResult
  private func attempt<R>(_ state: inout State, _ body: (inout State) throws -> R) -> R? {
    guard state.failure == nil else { return nil }
    do {
      return try body(&state)
    } catch {
      state.failure =
        error as? StoreError ?? StoreError(.commandFailed, "a stored document could not be read")
      return nil
    }
  }

  private func storedBases() throws -> Set<String> {
    try store.persevering { connection in
      try ServerBases.stored(of: String(prefix.dropLast()), connection).union(newBases)
    }
  }

  /// The one stored resource of that name; nil when there is none, or more than one.
  package func target(named name: String) -> TargetIndex.Target? {
    state.withLock { state in
      if let known = state.answer(name) { return known }
      let asked = attempt(&state) { state in
        try found(name, &state) + ofSections([name])[name, default: []]
      }
      guard let found = asked else { return nil }
      note(found, of: name, &state)
      return found.count == 1 ? found[0] : nil
    }
  }

  /// Whether several stored resources answered to a name when it was looked for.
  func isOfSeveral(_ name: String) -> Bool {
    hasSeveral.load(ordering: .relaxed) && state.withLock { $0.ofSeveral.contains(name) }
  }

  /// The stored resources of a name, where there may be many.
  func several(named name: String) -> [TargetIndex.Target] {
    state.withLock { state in
      attempt(&state) { state in
        try found(name, &state, most: StoredTargets.mostOfSeveral) + ofSections([name])[name, default: []]
      } ?? []
    }
  }

  /// All stored resources of that name that have documents of their own.
  func documents(named name: String) -> [TargetIndex.Target] {
    state.withLock { state in attempt(&state) { try found(name, &$0) } ?? [] }
  }

  /// What stands in sections of documents and is found by names.
  private func ofSections(_ names: some Sequence<String>) throws -> [String: [TargetIndex.Target]] {
    let searches = try names.lazy.filter(items.isAsked).compactMap(ItemSearch.init).filter { search in
      // Where nothing was stored before this run, nothing is to be found.
      try known?.hadDocuments(items.place(items.homes.place(ofType: search.type).kind).collection) ?? true
    }
    var found: [String: [TargetIndex.Target]] = [:]
    try items.find(searches) { name, id in
      let target = TargetIndex.Target(type: String(name.prefix { $0 != "?" }), id: id)
      if found[name]?.contains(target) != true { found[name, default: []].append(target) }
    }
    return found
  }

  /// The `name` of a stored resource that has a document of its own.
  package func name(ofDocument id: String) -> String? {
    state.withLock { state in
      if let known = state.names[id] { return known }
      let name = attempt(&state) { _ in try storedName(ofDocument: id) } ?? nil
      if state.names.count > 200_000 { state.names.removeAll() }
      state.names[id] = .some(name)
      return name
    }
  }

  private func storedName(ofDocument id: String) throws -> String? {
    let collection = collection(.resource)
    if let known, try !known.hadDocuments(collection) { return nil }
    var name: String?
    try store.persevering { connection in
      try connection.find(ids: [id], in: collection, projection: ["fhir.name": 1]) { document in
        name = try document.find(path: "fhir.name")?.text
      }
    }
    return name
  }

  private func collection(_ kind: DocumentKind) -> String { collections[kind] ?? kind.rawValue }

  /// The kinds of documents among which a name is looked for.
  private func kinds(asked name: String) throws -> [DocumentKind] {
    var kinds = StoredTargets.kinds
    // A resource by its type: it has one home. What is a section of another document has no names there.
    if let mark = name.firstIndex(of: "?") {
      let place = mappings.homes.place(ofType: String(name[..<mark]))
      kinds = [place.section == nil ? place.kind : .resource]
    }
    if let named { kinds.removeAll { !named.contains(collection($0)) } }
    return try ready(kinds)
  }

  /// Whether there was anybody before this run whom others may name.
  var hadDocuments: Bool {
    state.withLock { state in
      attempt(&state) { _ in
        try (StoredTargets.kinds + [.chart]).contains { try known?.hadDocuments(collection($0)) ?? true }
      } ?? false
    }
  }

  /// Of kinds those that had documents, once these can be looked for.
  private func ready(_ kinds: [DocumentKind]) throws -> [DocumentKind] {
    guard let known else { return kinds }
    // Where nothing was stored before this run, its own index knows all there is.
    let kinds = try kinds.filter { try known.hadDocuments(collection($0)) }
    try known.awaitIndexes(of: kinds.map(collection))
    return kinds
  }

  /// The resource that a document holds; nil where it holds none, or is another source's.
  private func target(of document: BSONView, _ kind: DocumentKind) throws -> TargetIndex.Target? {
    let id = try DocumentReader.id(of: document)
    guard let bookkeeping = try document.find("_fhirline")?.document else {
      // One that never came from FHIR goes by its `_id`.
      guard let type = mappings.plan(kind)?.root?.name, id.hasPrefix(prefix) else { return nil }
      return TargetIndex.Target(type: type, id: DocumentID.fhirID(String(id.dropFirst(prefix.count))))
    }
    guard let key = try bookkeeping.find("key")?.text, let slash = key.firstIndex(of: "/") else { return nil }
    let target = TargetIndex.Target(
      type: String(key[..<slash]), id: String(key[key.index(after: slash)...]))
    let isOwn =
      id == (kind == .resource ? target.type + "/" : "") + prefix + target.id
      || prefix.isEmpty && !id.hasSuffix("." + target.id)
    return isOwn ? target : nil
  }

  /// What is read of documents to tell whom they hold.
  private static let projection: BSONFields = ["_fhirline.key": 1]
  /// More of one name are not looked at: those of other sources are passed over.
  private static let mostOfName: Int64 = 100
  private static let mostOfSeveral: Int64 = 20_000

  private func note(_ found: [TargetIndex.Target], of name: String, _ state: inout State) {
    state.note(found, of: name)
    if found.count > 1 { hasSeveral.store(true, ordering: .relaxed) }
  }

  private func found(
    _ name: String, _ state: inout State, most: Int64 = StoredTargets.mostOfName
  ) throws -> [TargetIndex.Target] {
    let kinds = try kinds(asked: name)
    if !kinds.isEmpty || items.isAsked(by: name) { singleQuestions.add(1, ordering: .relaxed) }
    guard namingFields(of: name).isEmpty else { return try askByFields([name])[name] ?? [] }
    let key = key(name, &state)
    if let failure = state.failure { throw failure }
    let filters = try filters(name, key: key)
    let options = FindOptions(projection: StoredTargets.projection, limit: most)
    return try store.persevering { connection in
      var found: [TargetIndex.Target] = []
      var seen: Set<String> = []
      for kind in kinds {
        for filter in filters {
          try connection.find(filter, in: collection(kind), options: options) { document in
            guard let target = try target(of: document, kind), key ?? target.key == target.key else { return }
            if seen.insert(target.key).inserted { found.append(target) }
          }
        }
      }
      return found
    }
  }

  // MARK: Many at once

  private static let namesPerQuestion = 500

  /// Looks for many names at once, so that they are known when they are asked for one by one.
  func look(for names: some Sequence<String>) {
    state.withLock { state in
      var rest = Set(names).filter { state.answer($0) == nil }.sorted()[...]
      while !rest.isEmpty, state.failure == nil {
        let some = rest.prefix(StoredTargets.namesPerQuestion)
        rest = rest.dropFirst(some.count)
        attempt(&state) { try ask(some, &$0) }
      }
    }
  }

  /// What is asked of the documents of one kind.
  private struct Question {
    /// By what documents keep: the names that mean it.
    var texts: [String: [String]] = [:]
    /// By `_id`.
    var ids: [String: [String]] = [:]

    mutating func add(_ name: String, _ texts: [String], key: String?, prefix: String) {
      for text in Set(texts + [name]) { self.texts[text, default: []].append(name) }
      for id in StoredName.documentIDs(name, key: key, prefix: prefix) { ids[id, default: []].append(name) }
    }

    var filter: BSONDocument {
      get throws {
        func anyOf(_ texts: some Sequence<String>) -> BSONValue {
          ["$in": .array(texts.sorted().map { .string($0) })]
        }
        let byName = BSONFields([.init(StoredTargets.namesPath, anyOf(texts.keys))])
        guard !ids.isEmpty else { return try BSONDocument(byName) }
        return try BSONDocument(["$or": [.document(byName), ["_id": anyOf(ids.keys)]]])
      }
    }
  }

  private func ask(_ names: some Sequence<String>, _ state: inout State) throws {
    var questions: [DocumentKind: Question] = [:]
    var asked: [String] = []
    var keys: [String: String] = [:]
    var mapped: [String] = []
    for name in names {
      // What is known by its value alone is a range of texts, and is asked for by itself.
      guard case .anyOf(let texts) = StoredName.search(name) else { continue }
      asked.append(name)
      guard namingFields(of: name).isEmpty else {
        mapped.append(name)
        continue
      }
      keys[name] = key(name, &state)
      for kind in try kinds(asked: name) {
        questions[kind, default: Question()].add(name, texts, key: keys[name], prefix: prefix)
      }
    }
    if let failure = state.failure { throw failure }
    var found: [String: [TargetIndex.Target]] = [:]
    try store.persevering { connection in
      found = [:]
      for (kind, question) in questions {
        let options = FindOptions(projection: ["_fhirline.key": 1, "_fhirline.names": 1])
        try connection.find(try question.filter, in: collection(kind), options: options) { document in
          guard let target = try target(of: document, kind) else { return }
          func add(_ name: String) {
            // One more than one is all that is to be known of several.
            if found[name, default: []].count < 2, found[name]?.contains(target) != true {
              found[name, default: []].append(target)
            }
          }
          if let id = try document.find("_id")?.text {
            for name in question.ids[id] ?? [] where keys[name] ?? target.key == target.key { add(name) }
          }
          try document.find(path: StoredTargets.namesPath)?.array?.forEachElement { element in
            for name in element.text.flatMap({ question.texts[$0] }) ?? [] { add(name) }
          }
        }
      }
    }
    found.merge(try askByFields(mapped)) { first, _ in first }
    found.merge(try ofSections(asked)) { $0 + $1 }
    for name in asked { note(found[name] ?? [], of: name, &state) }
  }

  /// What finds documents by a name: by what they keep of it, or by the `_id` that it tells. Databases that were filled before names
  /// were kept as they are now have the name as it is asked for.
  private func filters(_ name: String, key: String?) throws -> [BSONDocument] {
    var filters: [BSONDocument] = []
    switch StoredName.search(name) {
    case .anyOf(let texts):
      let all = texts.contains(name) ? texts : texts + [name]
      filters.append(
        try BSONDocument([StoredTargets.namesPath: ["$in": .array(all.map { .string($0) })]]))
    case .range(let from, let to):
      let names: BSONValue = ["$elemMatch": ["$gte": .string(from), "$lt": .string(to)]]
      filters.append(try BSONDocument([StoredTargets.namesPath: names]))
      filters.append(try BSONDocument([StoredTargets.namesPath: .string(name)]))
    }
    let ids = StoredName.documentIDs(name, key: key, prefix: prefix)
    if !ids.isEmpty { filters.append(try BSONDocument(["_id": ["$in": .array(ids.map { .string($0) })]])) }
    return filters
  }

  // MARK: By fields

  /// The fields that say an identifier, and which value of theirs a name asks for; none for a name of another kind.
  private func namingFields(of name: String) -> [(field: NamingField, value: String)] {
    mappings.namingFields.compactMap { field in
      let start = TargetIndex.identifierName(type: field.type, system: field.system, value: "")
      return name.hasPrefix(start) ? (field, String(name.dropFirst(start.count))) : nil
    }
  }

  /// Looks for documents whose fields, or else their resources, say that they have an identifier: what an application wrote into a
  /// field counts, and what it took away is gone.
  private func askByFields(_ names: [String]) throws -> [String: [TargetIndex.Target]] {
    var questions: [NamingField: (values: [BSONValue], texts: [BSONValue])] = [:]
    for name in names {
      for (field, value) in namingFields(of: name) {
        let stored = StoredName.identifier(type: field.type, system: field.system, value: value)
        questions[field, default: ([], [])].values += NamingField.values(value)
        questions[field, default: ([], [])].texts += Set([stored, name]).map { .string($0) }
      }
    }
    let asked = Set(names)
    var found: [String: [TargetIndex.Target]] = [:]
    for (field, question) in questions where try !ready([field.kind]).isEmpty {
      guard let plan = mappings.plan(field.kind) else { continue }
      let filter = try BSONDocument([
        "$or": [
          .document([StoredTargets.namesPath: ["$in": .array(question.texts)]]),
          .document([field.name: ["$in": .array(question.values)]]),
        ]
      ])
      // Lists of appointments may be long, and say nothing of who it is.
      let options = FindOptions(
        projection: ["appointments": 0, "_fhirline.appointments": 0, "_fhirline.origin": 0])
      try store.persevering { connection in
        try connection.find(filter, in: collection(field.kind), options: options) { document in
          let id = try DocumentReader.id(of: document)
          guard let own = try plan.identity(of: document, prefix: prefix) else { return }
          let isOwn =
            try document.find(path: "_fhirline.key") == nil
            ? id.hasPrefix(prefix) : self.target(of: document, field.kind) != nil
          guard isOwn else { return }
          let target = TargetIndex.Target(type: field.type, id: own.id)
          for (system, value) in own.identifiers where system == field.system {
            let name = TargetIndex.identifierName(type: field.type, system: system, value: value)
            if asked.contains(name), found[name]?.contains(target) != true {
              found[name, default: []].append(target)
            }
          }
        }
      }
    }
    return found
  }
}
