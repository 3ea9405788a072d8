import BSON
package import DocumentStore
import FHIRMapping
import Synchronization

/// What earlier imports loaded, found by what others call it. Answers are remembered for the run.
package final class StoredTargets: Sendable {
  /// Where documents of their own keep the names that others may call them by.
  package static let namesPath = "_fhirline.names"

  private struct State {
    var answers: [String: TargetIndex.Target?] = [:]
    /// Names of which there are more than one.
    var several: Set<String> = []
    var names: [String: String?] = [:]
    var failure: StoreError?
  }

  private let store: DocumentStore
  /// Collections to ask, in order; the last holds the resources that have no other home.
  private let collections: [String]
  /// The collection in which resources of a type have documents of their own.
  private let home: @Sendable (String) -> String?
  private let known: StoredCollections?
  private let state = Mutex(State())

  package convenience init(store: DocumentStore, collections: [String]) {
    self.init(store: store, collections: collections, known: nil)
  }

  /// - Parameters:
  ///   - known: what is known of the collections: those that had no documents are not asked.
  ///   - home: the collection in which resources of a type have documents of their own; nil for any.
  init(
    store: DocumentStore, collections: [String], known: StoredCollections?,
    home: @escaping @Sendable (String) -> String? = { _ in nil }
  ) {
    self.home = home
    self.store = store
    self.collections = collections
    self.known = known
  }

  /// Why the database could not be asked; answers are then no answers.
  var failure: PipelineFailure? { state.withLock { $0.failure.map(DocumentLoader.failure) } }

  /// How many stored resources there are of that name, and which where it is one.
  func matches(of name: String) -> TargetIndex.Matches {
    if let one = target(named: name) { return .one(one) }
    return state.withLock { $0.several.contains(name) } ? .several : .none
  }

  /// The one stored resource of that name; nil when there is none, or more than one.
  package func target(named name: String) -> TargetIndex.Target? {
    state.withLock { state in
      if let known = state.answers[name] { return known }
      if state.answers.count > 200_000 { state.answers.removeAll() }
      let answer = ask(name, &state)
      state.answers[name] = .some(answer)
      return answer
    }
  }

  /// The `name` of a stored resource that has a document of its own.
  package func name(ofDocument id: String) -> String? {
    state.withLock { state in
      if let known = state.names[id] { return known }
      guard state.failure == nil, let collection = collections.last else { return nil }
      if state.names.count > 200_000 { state.names.removeAll() }
      var name: String?
      do {
        if let known, try !known.hadDocuments(collection) { return nil }
        try store.persevering { connection in
          try connection.find(ids: [id], in: collection, projection: ["fhir.name": 1]) { document in
            name = try document.find(path: "fhir.name")?.text
          }
        }
      } catch let error as StoreError {
        state.failure = error
      } catch {
        state.failure = StoreError(.commandFailed, "a stored document could not be read")
      }
      state.names[id] = .some(name)
      return name
    }
  }

  /// The collections in which a name is looked for.
  private func collections(asked name: String) throws -> [String] {
    var collections = self.collections
    // A resource by its type: it has one home.
    if let mark = name.firstIndex(of: "?"), let home = home(String(name[..<mark])) { collections = [home] }
    if let known {
      // Where nothing was stored before this run, its own index knows all there is.
      try collections.removeAll { try !known.hadDocuments($0) }
      try known.awaitIndexes(of: collections)
    }
    return collections
  }

  private static func target(of document: BSONView) throws -> TargetIndex.Target? {
    guard let key = try document.find(path: "_fhirline.key")?.text, let slash = key.firstIndex(of: "/") else {
      return nil
    }
    return TargetIndex.Target(type: String(key[..<slash]), id: String(key[key.index(after: slash)...]))
  }

  private func ask(_ name: String, _ state: inout State) -> TargetIndex.Target? {
    guard state.failure == nil else { return nil }
    var found: [TargetIndex.Target] = []
    do {
      let collections = try collections(asked: name)
      let filters = try StoredTargets.filters(name)
      try store.persevering { connection in
        found = []
        for collection in collections {
          for filter in filters {
            try connection.find(
              filter, in: collection,
              options: FindOptions(projection: ["_fhirline.key": 1], limit: 2)
            ) { document in
              guard let target = try StoredTargets.target(of: document), StoredName.mayMean(target.key, name)
              else { return }
              if !found.contains(target) { found.append(target) }
            }
          }
        }
      }
    } catch let error as StoreError {
      state.failure = error
    } catch {
      state.failure = StoreError(.commandFailed, "a stored document could not be read")
    }
    if found.count > 1 { state.several.insert(name) }
    return found.count == 1 ? found[0] : nil
  }

  // MARK: Many at once

  private static let namesPerQuestion = 500

  /// Looks for many names at once, so that they are known when they are asked for one by one.
  func look(for names: some Sequence<String>) {
    state.withLock { state in
      var rest = Set(names).filter { state.answers[$0] == nil }.sorted()[...]
      while !rest.isEmpty, state.failure == nil {
        let some = rest.prefix(StoredTargets.namesPerQuestion)
        rest = rest.dropFirst(some.count)
        do {
          try ask(some, &state)
        } catch let error as StoreError {
          state.failure = error
        } catch {
          state.failure = StoreError(.commandFailed, "a stored document could not be read")
        }
      }
    }
  }

  /// What is asked of one collection.
  private struct Question {
    /// By what documents keep: the names that mean it.
    var texts: [String: [String]] = [:]
    /// By `_id`.
    var ids: [String: [String]] = [:]

    mutating func add(_ name: String, _ texts: [String]) {
      for text in Set(texts + [name]) { self.texts[text, default: []].append(name) }
      for id in StoredName.documentIDs(name) { ids[id, default: []].append(name) }
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
    var questions: [String: Question] = [:]
    var asked: [String] = []
    for name in names {
      // What is known by its value alone is a range of texts, and is asked for by itself.
      guard case .anyOf(let texts) = StoredName.search(name) else { continue }
      asked.append(name)
      for collection in try collections(asked: name) {
        questions[collection, default: Question()].add(name, texts)
      }
    }
    var found: [String: [TargetIndex.Target]] = [:]
    try store.persevering { connection in
      found = [:]
      for (collection, question) in questions {
        let options = FindOptions(projection: ["_fhirline.key": 1, "_fhirline.names": 1])
        try connection.find(try question.filter, in: collection, options: options) { document in
          guard let target = try StoredTargets.target(of: document) else { return }
          func add(_ name: String) {
            // One more than one is all that is to be known of several.
            if found[name, default: []].count < 2, found[name]?.contains(target) != true {
              found[name, default: []].append(target)
            }
          }
          if let id = try document.find("_id")?.text {
            for name in question.ids[id] ?? [] where StoredName.mayMean(target.key, name) { add(name) }
          }
          try document.find(path: StoredTargets.namesPath)?.array?.forEachElement { element in
            for name in element.text.flatMap({ question.texts[$0] }) ?? [] { add(name) }
          }
        }
      }
    }
    if state.answers.count > 200_000 { state.answers.removeAll() }
    for name in asked {
      let targets = found[name] ?? []
      if targets.count > 1 { state.several.insert(name) }
      state.answers[name] = .some(targets.count == 1 ? targets[0] : nil)
    }
  }

  /// What finds documents by a name: by what they keep of it, or by the `_id` that it tells. Databases that were filled before names
  /// were kept as they are now have the name as it is asked for.
  private static func filters(_ name: String) throws -> [BSONDocument] {
    var filters: [BSONDocument] = []
    switch StoredName.search(name) {
    case .anyOf(let texts):
      let all = texts.contains(name) ? texts : texts + [name]
      filters.append(try BSONDocument([namesPath: ["$in": .array(all.map { .string($0) })]]))
    case .range(let from, let to):
      let names: BSONValue = ["$elemMatch": ["$gte": .string(from), "$lt": .string(to)]]
      filters.append(try BSONDocument([namesPath: names]))
      filters.append(try BSONDocument([namesPath: .string(name)]))
    }
    let ids = StoredName.documentIDs(name)
    if !ids.isEmpty { filters.append(try BSONDocument(["_id": ["$in": .array(ids.map { .string($0) })]])) }
    return filters
  }
}

extension HomePlan {
  /// The collection in which resources of a type are found by what others call them.
  func collection(ofNamed type: String, _ collections: [DocumentKind: String]) -> String {
    let place = place(ofType: type)
    // What is a section of another document has no names there.
    let kind = place.section == nil ? place.kind : .resource
    return collections[kind] ?? kind.rawValue
  }
}
