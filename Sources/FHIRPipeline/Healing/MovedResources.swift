import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// Resources in sections of documents that may have stood in another patient's before: a laboratory corrects whose result it was.
/// The document that they left is told from its sections, for a resource has one home.
///
/// They are looked for only where something came that was not there: to look for a resource reads every document of its kind.
/// Those that do not say that they are another version than the first are, where that takes no longer than the import itself: while
/// little is stored beside what came. Of more than some thousands of them a ``KeyFilter`` remembers that they came (``ReturningKeys``).
final class MovedResources: Sendable {
  /// More are not looked for; the doctor finds them.
  static let most = 100_000
  /// Of collections that this run made: a history tells of few resources what a bulk export tells of all.
  private static let mostInNew = 1_000

  /// Of those that may be their first version, more are not kept by themselves, but in a filter.
  static let mostFirst = 20_000
  /// Bytes of stored documents that are read through, however small the input: some tenths of a second.
  private static let bytesReadThrough = 256 << 20
  /// Beside a larger input so many times as many as it has.
  private static let timesInput = 8

  struct Candidate {
    let type: String
    let id: String
    /// Where the run put it last; nil where the document itself tells.
    var home: Home?
    var sequence: UInt64 = 0
    var version = ResourceVersion(lastUpdated: nil, versionId: nil)
    /// Whether it may be the first version of itself.
    var isFirst = true
  }

  /// A document with a resource.
  struct Home: Hashable {
    let kind: DocumentKind
    let id: String
  }

  /// A resource as a document has it.
  private struct Found {
    let version: ResourceVersion
    let origin: Origin
  }

  private struct State {
    var candidates: [String: Candidate] = [:]
    var areTooMany = false
    var firsts = 0
    /// Those beyond them, by type.
    var filter: KeyFilter?
    var filtered: Set<String> = []
  }

  private let mappings: MappingSet
  private let states: StoredStates
  private let inputBytes: Int
  private let mostFirst: Int
  /// Whether an import goes on that may have put resources into their documents, and not have taken them out of others.
  let goesOn: Bool
  /// Two bits a kind: whether the database was asked about it, and whether it had documents.
  private let known = Atomic<UInt16>(0)
  private let state = Mutex(State())
  private let toldOfSize = Atomic<Bool>(false)

  /// - Parameter inputBytes: how large the run's inputs are.
  init(
    mappings: MappingSet, states: StoredStates, inputBytes: Int, goesOn: Bool = false,
    mostFirst: Int = MovedResources.mostFirst
  ) {
    self.mostFirst = mostFirst
    self.mappings = mappings
    self.states = states
    self.inputBytes = inputBytes
    self.goesOn = goesOn
  }

  /// Whether documents of a kind were stored before the run; asked for every resource.
  private func hadDocuments(_ kind: DocumentKind) throws -> Bool {
    let asked: UInt16 = 1 << UInt16(kind.number)
    let had: UInt16 = asked << 8
    let bits = known.load(ordering: .relaxed)
    if bits & asked != 0 { return bits & had != 0 }
    let answer = try states.hadDocuments(kind)
    known.bitwiseOr(answer ? asked | had : asked, ordering: .relaxed)
    return answer
  }

  /// Whether a resource of a type that may be its first version can have stood elsewhere: where nothing was stored nothing has
  /// moved, unless the run has several versions of it.
  func canHaveMoved(ofType type: String) throws -> Bool {
    let place = mappings.homes.place(ofType: type)
    return try place.section != nil && hadDocuments(place.kind)
  }

  /// Takes note of a resource, and of where it goes.
  func see(
    _ identity: ResourceIdentity, in kind: DocumentKind, _ document: String, sequence: UInt64,
    version: ResourceVersion, isFirst: Bool
  ) throws {
    guard mappings.homes.place(ofType: identity.type).section != nil else { return }
    state.withLock { state in
      if isFirst, state.candidates[identity.key] == nil {
        guard state.firsts < mostFirst else {
          if state.filter == nil { state.filter = KeyFilter() }
          state.filter?.insert(NameHash.of(identity.key))
          state.filtered.insert(identity.type)
          return
        }
        state.firsts += 1
      }
      if let known = state.candidates[identity.key], known.sequence > sequence { return }
      guard state.candidates.count < MovedResources.most || state.candidates[identity.key] != nil else {
        state.areTooMany = true
        return
      }
      state.candidates[identity.key] = Candidate(
        type: identity.type, id: identity.id, home: Home(kind: kind, id: document), sequence: sequence,
        version: version, isFirst: isFirst && (state.candidates[identity.key]?.isFirst ?? true))
    }
  }

  // MARK: When all is loaded

  /// Takes resources out of the documents where they stood before.
  ///
  /// - Parameters:
  ///   - number: the run's, by which documents tell what it brought.
  ///   - prefix: of every `_id`, with its dot.
  ///   - inserted: whether resources of a type came that their documents did not have.
  ///   - say: takes a line for people.
  ///   - warn: takes what is wrong.
  ///   - older: takes the type of a resource that was inserted, and is older than what another document has of it.
  func settle(
    _ store: DocumentStore, _ assembler: DocumentAssembler, number: Int32, prefix: String,
    inserted: (String) -> Bool, say: (String) -> Void, warn: (String) -> Void, older: (String) -> Void
  ) throws {
    var candidates = try candidates(store, inserted, say)
    if let returning = try returning(store, prefix: prefix, inserted, say) {
      candidates.merge(returning) { exact, _ in exact }
    }
    guard !candidates.isEmpty else { return }
    if state.withLock({ $0.areTooMany }) {
      say(
        "  more than \(Amount.grouped(MovedResources.most)) resources came in later versions: whether others of them stood in "
          + "another document before is for `fhirline doctor` to tell")
    }
    let homes = try homes(of: candidates, store, prefix: prefix).filter { $0.value.count > 1 }
    let found = try resources(homes, store, assembler)
    var orders: [Home: Set<String>] = [:]
    var outdated: Set<String> = []
    for (key, homes) in homes {
      guard let candidate = candidates[key],
        let kept = MovedResources.newest(candidate, homes, number, { found[$0]?[key] })
      else { continue }
      for home in homes where home != kept { orders[home, default: []].insert(key) }
      if let own = candidate.home, own != kept, found[own]?[key]?.origin.run == number {
        outdated.insert(key)
        older(candidate.type)
      }
    }
    var count = -outdated.count
    for (home, keys) in orders.sorted(by: { ($0.key.kind, $0.key.id) < ($1.key.kind, $1.key.id) }) {
      if Interruption.isAsked { throw PipelineFailure.interrupted }
      guard let reason = try remove(keys, from: home, store, assembler) else {
        count += keys.count
        continue
      }
      warn(
        "\(home.kind.rawValue) \(home.id): error: still has \(Amount.of(keys.count, "resource")) that another document has "
          + "now: MongoDB refuses it without: \(reason)")
    }
    if !outdated.isEmpty {
      say(
        "  \(Amount.of(outdated.count, "resource")) older than what another document has of the same: left as that has it"
      )
    }
    if count > 0 {
      say(
        "  \(Amount.of(count, "resource")) taken out of documents that another version of them had stood in")
    }
  }

  private func candidates(
    _ store: DocumentStore, _ inserted: (String) -> Bool, _ say: (String) -> Void
  ) throws -> [String: Candidate] {
    var candidates = state.withLock { $0.candidates }.filter { goesOn || inserted($0.value.type) }
    let firsts = candidates.filter { $0.value.isFirst }
    if !firsts.isEmpty, try !mayReadThrough(Set(firsts.map(\.value.type)), store, say) {
      candidates = candidates.filter { !$0.value.isFirst }
    }
    guard candidates.count > MovedResources.mostInNew else { return candidates }
    return try candidates.filter {
      try states.hadDocuments(mappings.homes.place(ofType: $0.value.type).kind)
    }
  }

  /// Whether little enough is stored where resources of these types stand.
  private func mayReadThrough(
    _ types: Set<String>, _ store: DocumentStore, _ say: (String) -> Void
  ) throws -> Bool {
    let kinds = Set(types.map { mappings.homes.place(ofType: $0).kind })
    let stored = try bytes(of: kinds, store)
    let room = max(
      MovedResources.bytesReadThrough,
      inputBytes.multipliedReportingOverflow(by: Self.timesInput).partialValue)
    if stored <= room { return true }
    if stored < Int.max, !toldOfSize.exchange(true, ordering: .relaxed) {
      say(
        "  resources that came without a versionId were not looked for in other documents, for \(Amount.bytes(stored)) are "
          + "stored: `fhirline doctor` finds those that stand in two")
    }
    return false
  }

  /// Of the resources that only the filter remembers, those that stand in several documents; nil where there are none to look for.
  private func returning(
    _ store: DocumentStore, prefix: String, _ inserted: (String) -> Bool, _ say: (String) -> Void
  ) throws -> [String: Candidate]? {
    let (filter, filtered) = state.withLock { ($0.filter, $0.filtered) }
    let types = filtered.filter { goesOn || inserted($0) }
    guard let filter, !types.isEmpty, try mayReadThrough(types, store, say) else { return nil }
    let sections = Set(
      types.compactMap { type -> ReturningKeys.Section? in
        let place = mappings.homes.place(ofType: type)
        return place.section.map { .init(kind: place.kind, name: $0) }
      })
    let keys = ReturningKeys(filter: filter, types: types, most: MovedResources.most)
    let found = try keys.find(in: sections, states, prefix: prefix, store)
    if found.areTooMany { state.withLock { $0.areTooMany = true } }
    return found.candidates
  }

  /// How many bytes documents of these kinds have in the database; more than anybody reads where it does not tell.
  private func bytes(of kinds: Set<DocumentKind>, _ store: DocumentStore) throws -> Int {
    try store.persevering { connection in
      var bytes = 0
      for name in Set(kinds.map { states.collection(of: $0) }) {
        do {
          let reply = try connection.command(try BSONDocument(["collStats": .string(name)]))
          bytes += Int(try reply.withView { try $0.find("size")?.integer ?? 0 })
        } catch let error as StoreError where error.code == .notAuthorized {
          return Int.max
        }
      }
      return bytes
    }
  }

  /// What would leave stored documents, where nothing is written: by document, the keys of resources.
  ///
  /// - Parameter holds: whether a document would hold a resource: its transaction may be refused.
  func leaving(
    _ store: DocumentStore, _ assembler: DocumentAssembler, prefix: String, inserted: (String) -> Bool,
    holds: (_ key: String, DocumentKind, _ id: String) throws -> Bool, say: (String) -> Void,
    older: (String) -> Void
  ) throws -> [(kind: DocumentKind, id: String, keys: Set<String>)] {
    let candidates = try candidates(store, inserted, { _ in })
    if state.withLock({ state in state.areTooMany || state.filtered.contains(where: inserted) }) {
      say(
        "  more than \(Amount.grouped(MovedResources.most)) resources came that may stand in another document now: of which of them "
          + "the others leave theirs, the plan does not tell")
    }
    guard !candidates.isEmpty else { return [] }
    let homes = try homes(of: candidates, store, prefix: prefix)
    let found = try resources(homes, store, assembler)
    var orders: [Home: Set<String>] = [:]
    for (key, homes) in homes {
      guard let candidate = candidates[key], let own = candidate.home else { continue }
      for home in homes where home != own {
        guard let stored = found[home]?[key], try holds(key, own.kind, own.id) else { continue }
        let isOlder = candidate.version.isOlder(than: stored.version)
        if isOlder, orders[own]?.contains(key) != true { older(candidate.type) }
        orders[isOlder ? own : home, default: []].insert(key)
      }
    }
    return orders.map { ($0.key.kind, $0.key.id, $0.value) }
  }

  /// By resource: the documents that hold it.
  private func homes(
    of candidates: [String: Candidate], _ store: DocumentStore, prefix: String
  ) throws -> [String: Set<Home>] {
    var homes: [String: Set<Home>] = [:]
    var sections: [DocumentKind: [String: [Candidate]]] = [:]
    for (_, candidate) in candidates {
      let place = mappings.homes.place(ofType: candidate.type)
      guard let section = place.section else { continue }
      sections[place.kind, default: [:]][section, default: []].append(candidate)
    }
    for (kind, sections) in sections {
      for (section, candidates) in sections {
        let types = Set(candidates.map(\.type))
        let search = SectionSearch(
          place: states.place(of: kind), section: section, types: types, prefix: prefix)
        let keys = Set(candidates.map { $0.type + "/" + $0.id })
        try store.persevering { connection in
          try search.eachUnnamed(connection) { key, document in
            guard keys.contains(key) else { return }
            homes[key, default: []].insert(Home(kind: kind, id: document))
          }
        }
        try search.find(Set(candidates.map(\.id)), store) { type, id, document in
          guard types.contains(type) else { return }
          homes[type + "/" + id, default: []].insert(Home(kind: kind, id: document))
        }
      }
    }
    // What has its home in a section is kept on its own as long as its owner is not known.
    let alone = Dictionary(
      candidates.map { ("\($0.value.type)/\(prefix)\($0.value.id)", $0.key) }
    ) { first, _ in first }
    try store.persevering { connection in
      for id in try connection.existing(ids: alone.keys, in: states.collection(of: .resource)) {
        guard let key = alone[id] else { continue }
        homes[key, default: []].insert(Home(kind: .resource, id: id))
      }
    }
    return homes.filter { candidates[$0.key] != nil }
  }

  /// The document with the newest version: the run's, unless another is told to be newer. nil where it is not clear which is the run's.
  private static func newest(
    _ candidate: Candidate, _ homes: Set<Home>, _ number: Int32, _ found: (Home) -> Found?
  ) -> Home? {
    var homes = homes.sorted { ($0.kind, $0.id) < ($1.kind, $1.id) }
    var own = candidate.home
    if own == nil {
      // What the run brought last.
      let brought = homes.filter { found($0)?.origin.run == number }
      own = brought.max { a, b in
        guard let one = found(a)?.origin, let other = found(b)?.origin else { return false }
        return (one.file, one.line) < (other.file, other.line)
      }
      if own == nil { return nil }
    }
    if let own, homes.contains(own) {
      homes.removeAll { $0 == own }
      homes.insert(own, at: 0)
    }
    var best: (home: Home, version: ResourceVersion)?
    for home in homes {
      guard let version = found(home)?.version else { continue }
      if let best, !best.version.isOlder(than: version) { continue }
      best = (home, version)
    }
    return best?.home ?? own
  }

  /// What documents have of these resources; each document is read once, however many of them are in it.
  private func resources(
    _ homes: [String: Set<Home>], _ store: DocumentStore, _ assembler: DocumentAssembler
  ) throws -> [Home: [String: Found]] {
    var wanted: [Home: Set<String>] = [:]
    for (key, homes) in homes { for home in homes { wanted[home, default: []].insert(key) } }
    var found: [Home: [String: Found]] = [:]
    for (home, keys) in wanted {
      if Interruption.isAsked { throw PipelineFailure.interrupted }
      let loader = CollectionLoader(reading: home.kind, states, assembler)
      try store.persevering { connection in
        try loader.draft(of: home.id, home.kind, connection)?.forEachResource { key, bytes, origin in
          guard keys.contains(key) else { return }
          found[home, default: [:]][key] = Found(version: ResourceVersion(of: bytes), origin: origin)
        }
      }
    }
    return found
  }

  /// - Returns: why the document stays as it is; nil where it does not.
  private func remove(
    _ keys: Set<String>, from home: Home, _ store: DocumentStore, _ assembler: DocumentAssembler
  ) throws -> String? {
    var loader = CollectionLoader(reading: home.kind, states, assembler)
    let copied = CopiedCharts(home.kind, states, assembler)
    copied.attend(to: &loader)
    return try store.persevering { connection in
      var removal = try loader.remove(
        keys, from: home.id, of: home.kind,
        keepsEmpty: states.keepsEmpty(home.id, home.kind, connection), connection)
      // What moved is not lost: it stands elsewhere.
      if case .left = removal {
        let copies = home.kind == .chart && states.layout == .both ? states.embeddedCharts : nil
        removal = try loader.removeMoved(keys, fromOwn: home.id, copies: copies, connection)
      }
      if case .refused(let reason) = removal { return reason }
      states.tell(try copied.update([home.id], connection))
      return nil
    }
  }
}
