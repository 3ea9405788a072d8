import BSON
package import DocumentStore
package import FHIRMapping

/// The work of `fhirline trace`: where a document, and each resource in it, came from.
package struct TraceRun: Sendable {
  package var mappings: MappingSet
  package var collections: [DocumentKind: String]
  package var chart: ChartLayout
  /// `import.source`, which stands before ids.
  package var source = ""

  package init(_ configuration: PipelineConfiguration) throws {
    mappings = try Database.mappings(configuration)
    collections = try configuration.collectionNames(mappings)
    chart = configuration.chart
    source = configuration.source
  }

  /// A resource and where it came from.
  package struct Trace: Sendable {
    package var resource: String
    package var collection: String
    package var document: String
    package var section: String?
    package var run: ImportNote?
    package var file: String?
    package var line: Int?
    package var hash: String
  }

  /// What the database knows of an import.
  package struct ImportNote: Sendable {
    package var number: Int
    package var started: String?
    package var finished: String?
  }

  /// Hands the traces over of what is asked for: a document's `_id`, or `Type/id`. Tells how many there were.
  /// - Parameter empty: takes documents that hold no resource: the application wrote them.
  package func run(
    _ asked: String, store: DocumentStore, _ body: (Trace) throws -> Void,
    empty: (_ collection: String, _ document: String) -> Void
  ) throws -> Int {
    do {
      return try store.withConnection { connection in
        var notes = ImportNotes()
        var count = 0
        var others: [(String, String)] = []
        for place in try places(of: asked, connection) {
          let before = count
          try forEachTrace(in: place, &notes, connection) { trace in
            count += 1
            try body(trace)
          }
          if count == before, try isEmpty(place, &notes, connection) {
            others.append((collection(place.kind), place.id))
          }
        }
        if count > 0 { return count }
        for (collection, document) in others { empty(collection, document) }
        return others.count
      }
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }

  // MARK: Finding documents

  /// A document, and the one resource of it that is asked for.
  private struct Place {
    let kind: DocumentKind
    let id: String
    var key: String?
    /// A chart within its patient's document.
    var isEmbedded = false
  }

  private func location(_ place: Place) -> DocumentPlace {
    guard place.isEmbedded else { return DocumentPlace(collection: collection(place.kind)) }
    var location = DocumentPlace(collection: collection(.patient))
    location.field = ChartLayout.field
    location.pages = collection(.chart)
    return location
  }

  private func places(of asked: String, _ connection: borrowing StoreConnection) throws -> [Place] {
    var places: [Place] = []
    // A page is part of its chart.
    let document = asked.split(separator: "#", maxSplits: 1).first.map(String.init) ?? asked
    for kind in DocumentKind.allCases.sorted() {
      for id in try connection.existing(ids: ids(document, kind), in: collection(kind)).sorted() {
        places.append(Place(kind: kind, id: id))
        if kind == .patient, chart == .embedded {
          places.append(Place(kind: .chart, id: id, isEmbedded: true))
        }
      }
    }
    let parts = asked.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[1].isEmpty else { return places }
    let (type, id) = (parts[0], parts[1])
    let home = mappings.homes.place(ofType: type)
    guard home.kind != .resource else { return places }
    if let section = home.section {
      places += try documents(holding: asked, id: id, section, home.kind, connection)
    } else {
      for found in try connection.existing(ids: ids(id, home.kind), in: collection(home.kind)).sorted() {
        places.append(Place(kind: home.kind, id: found, key: asked))
      }
    }
    return places
  }

  private func collection(_ kind: DocumentKind) -> String { collections[kind] ?? kind.rawValue }

  /// The `_id`s that an id may stand for, with and without the source's prefix.
  private func ids(_ id: String, _ kind: DocumentKind) -> [String] {
    guard !source.isEmpty else { return [id] }
    if kind == .resource, let slash = id.firstIndex(of: "/") {
      return [id, id[...slash] + source + "." + id[id.index(after: slash)...]]
    }
    return [id, source + "." + id]
  }

  /// Documents with a section that holds a resource; on every page.
  private func documents(
    holding key: String, id: String, _ section: String, _ kind: DocumentKind,
    _ connection: borrowing StoreConnection
  ) throws -> [Place] {
    let type = BSONValue.string(String(key.prefix { $0 != "/" }))
    func filter(_ prefix: String) throws -> BSONDocument {
      try BSONDocument([
        "$or": [
          .document(
            BSONFields([
              .init(prefix + section, ["$elemMatch": ["resourceType": type, "id": .string(id)]])
            ])),
          .document(BSONFields([.init(prefix + section + "._fhirline.key", .string(key))])),
        ]
      ])
    }
    let isEmbedded = kind == .chart && chart == .embedded
    var owners: [String] = []
    if isEmbedded {
      try connection.find(
        try filter(ChartLayout.field + "."), in: collection(.patient),
        options: FindOptions(sort: ["_id": 1], projection: ["_id": 1])
      ) { document in
        if let own = try document.find("_id")?.text { owners.append(own) }
      }
    }
    try connection.find(
      try filter(""), in: collection(kind),
      options: FindOptions(sort: ["_id": 1], projection: ["chart_id": 1])
    ) { document in
      guard let own = try document.find("_id")?.text else { return }
      let owner = try document.find("chart_id")?.text ?? own
      if !owners.contains(owner) { owners.append(owner) }
    }
    return owners.map { Place(kind: kind, id: $0, key: key, isEmbedded: isEmbedded) }
  }

  // MARK: What is known of them

  /// Whether a document holds no resource at all, asked for or not.
  private func isEmpty(
    _ place: Place, _ notes: inout ImportNotes, _ connection: borrowing StoreConnection
  ) throws -> Bool {
    var whole = place
    whole.key = nil
    var isEmpty = true
    try forEachTrace(in: whole, &notes, connection) { _ in isEmpty = false }
    return isEmpty
  }

  private func forEachTrace(
    in place: Place, _ notes: inout ImportNotes, _ connection: borrowing StoreConnection,
    _ body: (Trace) throws -> Void
  ) throws {
    let at = location(place)
    var pages = try connection.storedPages(of: place.id, count: 1, at: at).pages
    guard let first = pages.first else { return }
    let count = try first.withView { try StoredState($0).pages }
    if count > 1 {
      // A chart may be larger than memory is to be.
      var room = PageRoom(pages: count)
      pages = []
      try connection.forEachPage(of: place.id, count: count, at: at) { pages.append(try room.keep($0)) }
    }
    try DocumentAssembler.forEachResource(
      ofStored: pages, kind: place.kind, id: place.id, key: place.key
    ) { resource in
      var trace = Trace(
        resource: resource.key, collection: at.name, document: place.id,
        section: resource.section, hash: resource.hash)
      if resource.origin != .unknown {
        trace.run = try notes.note(of: resource.origin.run, connection)
        trace.file = try notes.file(resource.origin.file, of: resource.origin.run, connection)
        trace.line = resource.origin.line > 0 ? Int(resource.origin.line) : nil
      }
      try body(trace)
    }
  }
}

/// What the database knows of imports, asked once.
private struct ImportNotes {
  private var notes: [Int32: TraceRun.ImportNote] = [:]
  private var files: [String: [String]] = [:]

  mutating func note(
    of run: Int32, _ connection: borrowing StoreConnection
  ) throws -> TraceRun.ImportNote {
    if let known = notes[run] { return known }
    var note = TraceRun.ImportNote(number: Int(run))
    try connection.find(
      ["_id": .int32(run)], in: ImportRun.runCollection,
      options: FindOptions(projection: ["started": 1, "finished": 1])
    ) { document in
      note.started = try document.find("started")?.text
      note.finished = try document.find("finished")?.text
    }
    notes[run] = note
    return note
  }

  mutating func file(
    _ number: Int32, of run: Int32, _ connection: borrowing StoreConnection
  ) throws -> String? {
    let part = Int(number) / RunRecord.namesPerDocument
    let index = Int(number) % RunRecord.namesPerDocument
    let key = "\(run)/\(part)"
    if files[key] == nil {
      if files.count > 16 { files = [:] }
      var names: [String] = []
      let id: BSONValue = part == 0 ? .int32(run) : .string(key)
      try connection.find(
        try BSONDocument(["_id": id]), in: ImportRun.runCollection,
        options: FindOptions(projection: ["files": 1])
      ) { document in
        try document.find("files")?.array?.forEachElement { names.append($0.text ?? "") }
      }
      files[key] = names
    }
    guard let names = files[key], names.indices.contains(index) else { return nil }
    return names[index]
  }
}

extension TraceRun.Trace {
  /// For people: `Observation/1: in.ndjson:12, import 3 of 2026-01-01T10:00:00Z; patient_chart p, observations; hash …`
  package var text: String {
    var place = "where it came from was not noted"
    if let run {
      place = file ?? "a file that is no longer noted"
      if let line { place += ":\(line)" }
      place += ", import \(run.number)" + (run.started.map { " of " + $0 } ?? "")
    }
    return "\(resource): \(place); \(collection) \(document)" + (section.map { ", \($0)" } ?? "")
      + "; hash \(hash)"
  }

  package var json: String {
    JSONText.object([
      ("resource", JSONText.quoted(resource)), ("collection", JSONText.quoted(collection)),
      ("document", JSONText.quoted(document)), ("section", section.map(JSONText.quoted) ?? "null"),
      ("import", run.map { String($0.number) } ?? "null"),
      ("started", run?.started.map(JSONText.quoted) ?? "null"),
      ("finished", run?.finished.map(JSONText.quoted) ?? "null"),
      ("file", file.map(JSONText.quoted) ?? "null"), ("line", line.map(String.init) ?? "null"),
      ("hash", JSONText.quoted(hash)),
    ])
  }
}
