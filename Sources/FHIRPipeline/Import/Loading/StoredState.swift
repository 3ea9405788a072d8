import BSON
package import DocumentStore
package import FHIRMapping

/// A stored document's own word on its content.
package struct StoredState: Sendable {
  /// nil in a document that this program did not write.
  package var hash: String?
  /// What it says of the input that it was made of.
  var inputMark: Int64?
  package var pages: Int

  /// Whether an import wrote the document.
  var isImported: Bool { hash != nil }

  init(hash: String?, pages: Int) {
    self.hash = hash
    self.pages = pages
  }

  init(_ document: BSONView) throws {
    let bookkeeping = try document.find("_fhirline")?.document
    hash = try bookkeeping?.find("hash")?.text
    inputMark = try bookkeeping?.find("input")?.int64
    pages = try StoredContent.pageCount(in: bookkeeping)
  }

  /// Whether a document that was put together of the stored one, of so many pages, is that one.
  func isStill(_ document: Assembly, pages found: Int) -> Bool {
    guard hash == document.hash else { return document.isAsStored }
    // The hash tells of what stood on a page that is gone as well.
    let total = document.tally.total
    return found >= pages || total.inserted + total.replaced == 0
  }

  /// The states of those of the documents that are there, by `_id`.
  static func states(
    of ids: [String], in place: DocumentPlace, _ connection: borrowing StoreConnection
  ) throws -> [String: StoredState] {
    var states: [String: StoredState] = [:]
    guard !ids.isEmpty else { return states }
    try connection.find(ids, at: place, projection: place.stateProjection) { id, _, document in
      guard let own = try place.document(in: document) else { return }
      states[id] = try StoredState(own)
    }
    return states
  }

  /// The same, with no hash for documents of which a page is gone: they are to be read, and to be made whole.
  static func states(
    ofWhole ids: [String], in place: DocumentPlace, _ connection: borrowing StoreConnection
  ) throws -> [String: StoredState] {
    var states = try states(of: ids, in: place, connection)
    let further = states.filter { $0.value.pages > 1 }.map { id, state in
      (id: id, pages: DocumentAssembler.pageIDs(id, count: state.pages).dropFirst())
    }
    guard !further.isEmpty else { return states }
    let present = try connection.existing(ids: further.flatMap(\.pages), in: place.pages)
    for (id, pages) in further where !pages.allSatisfy(present.contains) { states[id]?.hash = nil }
    return states
  }
}

/// What the database had before a run.
package final class StoredStates: Sendable {
  let store: DocumentStore
  private let collections: [DocumentKind: String]
  package let layout: ChartLayout
  /// The collections themselves.
  let known: StoredCollections
  let unfitIDs: UnfitIDs
  private let uncopied = UncopiedCharts()

  /// - Parameters:
  ///   - naming: fields by whose values documents are looked for.
  ///   - makes: whether collections and indexes that are missing are made.
  package init(
    store: DocumentStore, collections: [DocumentKind: String], layout: ChartLayout = .collection,
    naming: [NamingField] = [], makes: Bool = true
  ) {
    self.store = store
    self.collections = collections
    self.layout = layout
    unfitIDs = UnfitIDs(collections, store)
    var named: [String: [String]] = [:]
    for name in StoredStates.named(collections) { named[name] = [] }
    for field in naming { named[collections[field.kind] ?? field.kind.rawValue]?.append(field.name) }
    known = StoredCollections(
      store, named: named, owned: collections[.chart] ?? DocumentKind.chart.rawValue, makes: makes)
  }

  /// The collections whose documents others may refer to by name.
  static func named(_ collections: [DocumentKind: String]) -> [String] {
    StoredTargets.kinds.map { collections[$0] ?? $0.rawValue }
  }

  func collection(of kind: DocumentKind) -> String { place(of: kind).collection }

  /// - Parameter tell: takes lines about charts whose copies stay others.
  func tellUncopied(_ tell: @escaping @Sendable (String) -> Void) { uncopied.begin(tell) }

  func tell(_ charts: [UncopiedChart]) { uncopied.tell(charts, in: embeddedCharts.collection) }

  func place(of kind: DocumentKind) -> DocumentPlace {
    if kind == .chart { return layout == .embedded ? embeddedCharts : ownCharts }
    var place = ownPlace(of: kind)
    if kind == .patient, layout != .collection { place.guarded = ChartLayout.field }
    return place
  }

  private func ownPlace(of kind: DocumentKind) -> DocumentPlace {
    var place = DocumentPlace(collection: collections[kind] ?? kind.rawValue)
    place.hasOtherIDs = known.hasOtherIDs(place.collection)
    // Those of `resource` have a slash in them, all of them.
    if kind != .resource { place.unfitIDs = unfitIDs.of(kind) }
    return place
  }

  /// Charts in a collection of their own.
  private var ownCharts: DocumentPlace {
    var place = ownPlace(of: .chart)
    place.owner = DocumentPlace.chartOwner
    place.hasOwners = known.hasOwners(place.collection)
    return place
  }

  /// Charts as subdocuments of their patients' documents.
  var embeddedCharts: DocumentPlace {
    var place = ownPlace(of: .patient)
    place.field = ChartLayout.field
    place.pages = collections[.chart] ?? DocumentKind.chart.rawValue
    return place
  }

  /// Where an application may have documents of a kind that are to be elsewhere: charts, within patients or in a collection of their
  /// own. nil where there was nothing before this run.
  func strays(of kind: DocumentKind) throws -> DocumentPlace? {
    guard kind == .chart else { return nil }
    if layout != .embedded { return try hadDocuments(.patient) ? embeddedCharts : nil }
    let own = embeddedCharts.pages
    return try known.hadDocuments(own) ? ownCharts : nil
  }

  /// Whether the collection of a kind had documents before this run.
  func hadDocuments(_ kind: DocumentKind) throws -> Bool { try known.hadDocuments(collection(of: kind)) }

  /// Begins making the collection of a kind, where it is not there.
  func prepare(_ kind: DocumentKind) throws { try known.prepare(collection(of: kind)) }

  /// Waits until documents of a kind may be written.
  func awaitRoom(for kind: DocumentKind) throws { try known.awaitRoom(in: collection(of: kind)) }

  /// Whether a document stays in which nothing is left: who is there has a chart, if an empty one.
  func keepsEmpty(
    _ id: String, _ kind: DocumentKind, _ connection: borrowing StoreConnection
  ) throws -> Bool {
    try kind == .chart && patients(among: [id], connection).contains(id)
  }

  /// Which of these are patients; those that were to be deleted are none any more.
  func patients(
    among ids: some Sequence<String>, _ connection: borrowing StoreConnection
  ) throws -> Set<String> {
    var found: Set<String> = []
    try connection.find(ids: ids, in: collection(of: .patient), projection: ["_fhirline.key": 1]) { patient in
      guard try patient.find(path: "_fhirline.key") != nil, let id = try patient.find("_id")?.text else {
        return
      }
      found.insert(id)
    }
    return found
  }

  /// Of a chart whose copy in its patient is another, no hash is told: it is to be looked at, for the sake of the copy. An import
  /// that was killed leaves such.
  func states(of ids: [String], _ kind: DocumentKind) throws -> [String: StoredState] {
    try store.persevering { connection in
      var states = try StoredState.states(ofWhole: ids, in: place(of: kind), connection)
      guard kind == .chart, layout == .both, !states.isEmpty else { return states }
      let copies = try StoredState.states(of: Array(states.keys), in: embeddedCharts, connection)
      for (id, state) in states where copies[id]?.hash != state.hash { states[id]?.hash = nil }
      return states
    }
  }
}
