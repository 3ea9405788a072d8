import BSON
package import DocumentStore
import FHIRFormats
package import FHIRMapping
import FHIRModel
import Synchronization

/// The work of `fhirline export`: documents in the order of their ids, turned into FHIR by workers, written in order.
package struct ExportRun: Sendable {
  package var mappings: MappingSet
  package var collections: [DocumentKind: String]
  package var options: ExportOptions
  /// Where charts are to be.
  package var chart = ChartLayout.collection
  package var showsProgress = true

  package init(mappings: MappingSet, collections: [DocumentKind: String], options: ExportOptions) {
    self.mappings = mappings
    self.collections = collections
    self.options = options
  }

  /// Some documents of one kind, in their order.
  struct Documents: Sendable {
    let number: Int
    let kind: DocumentKind
    var documents: [SharedBytes] = []
    /// Patients whose charts stand within them and nowhere else.
    var charted: Set<String> = []
    /// By patient with a chart within: the hash of the chart that stands in the charts' own collection.
    var secondCharts: [String: String] = [:]
    /// By patient whose chart is a copy that an application changed: what it says.
    var changedCopies: [String: Int64] = [:]
    /// Those that go by another text than their `_id`'s, which another document has.
    var renamed: Set<String> = []
  }

  private static let bytesPerBatch = 1 << 20

  package func run(store: DocumentStore) throws -> ExportSummary {
    let started = Progress.now()
    let prefix: String
    do {
      prefix = try sourcePrefix(store)
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
    let states = StoredStates(store: store, collections: collections, layout: chart, makes: false)
    let stored = StoredTargets(
      store: store, mappings: mappings, collections: collections, prefix: prefix,
      items: SectionItems(store: store, homes: mappings.homes, prefix: prefix) { states.place(of: $0) })
    let transactionTime = try latestRun(store)
    let result = Mutex(
      Written(sink: try sink(transactionTime: transactionTime), notes: try ExportNotes(path: options.report)))
    let progress = Progress(total: 0, enabled: showsProgress)
    let order = InputOrder<ExportBatch> { _, batch in
      result.withLock { $0.write(batch) }
      progress.advance(bytes: batch.bytes.count, resources: batch.items.count)
    }
    let queue = BoundedQueue<Documents>(limit: 4)
    // Batches come and go: fetching fresh pages from the system for each costs more than filling them.
    let memory = SharedBufferPool(limit: 16 << 20, step: 256 << 10)
    let failure = Mutex<PipelineFailure?>(nil)
    let workers = (0..<max(1, options.workers)).map { _ in
      WorkerThread {
        let transcoder = ExportTranscoder(
          mappings: mappings, options: options, prefix: prefix, stored: stored, memory: memory)
        while let documents = queue.pop() {
          do {
            order.put(try transcoder.transcode(documents), file: 0, step: documents.number, last: false)
          } catch {
            failure.withLock {
              $0 =
                $0 ?? (error as? StoreError).map(ExportRun.failure)
                ?? PipelineFailure(.stopped, "a stored document cannot be read: \(error)")
            }
            queue.close()
          }
          if result.withLock({ $0.failure != nil }) { queue.close() }
        }
      }
    }
    do {
      try read(store, UnfitIDs(collections, store), into: queue, memory)
    } catch is QueueClosed {
    } catch let error as StoreError {
      failure.withLock { $0 = $0 ?? ExportRun.failure(error) }
    } catch {
      failure.withLock { $0 = $0 ?? error as? PipelineFailure ?? PipelineFailure(.stopped, "\(error)") }
    }
    queue.close()
    for worker in workers { worker.join() }
    progress.finish()
    // Why what was read could not be written counts more than that reading was stopped for it.
    if let failure = result.withLock({ $0.failure }) ?? failure.withLock({ $0 }) { throw failure }
    return try result.withLock { written in
      if let failure = written.failure { throw failure }
      // All is written: files get their names, which a signal does not cut in half.
      Interruption.listen()
      try written.notes.finish(into: &written.summary)
      try written.sink.finish(written.summary)
      written.summary.database = store.databaseName
      written.summary.bytes = written.sink.byteCount
      written.summary.seconds = Progress.now() - started
      return written.summary
    }
  }

  /// Why the database was not read to its end. What the user may not read, the same command does not read later, either.
  private static func failure(_ error: StoreError) -> PipelineFailure {
    PipelineFailure(error.code == .notAuthorized ? .connection : .stopped, error.message)
  }

  /// Nothing more is taken; whoever closed the queue tells why.
  private struct QueueClosed: Error {}

  /// Where the batches go, and what they add up to.
  private struct Written {
    var sink: any ExportSink
    var notes: ExportNotes
    var summary = ExportSummary()
    var failure: PipelineFailure?
    /// How many resources have their names in a manifest alone.
    private var unnamed = 0

    init(sink: any ExportSink, notes: ExportNotes) {
      self.sink = sink
      self.notes = notes
    }

    /// Tells of resources without an id that nobody will know again.
    private mutating func tellUnnamed(_ batch: ExportBatch) throws {
      for item in batch.items where item.fullURL != nil {
        unnamed += 1
        if sink is LineStream || unnamed > UnnamedResources.most {
          try notes.add([
            ExportSummary.Note(
              kind: item.type, id: item.id, field: "id",
              reason:
                "is not written, as it came: an import of the lines takes it for another resource, of a Bundle not"
            )
          ])
        }
      }
    }

    mutating func write(_ batch: ExportBatch) {
      guard failure == nil else { return }
      for item in batch.items { summary.types[item.type, default: 0] += 1 }
      summary.unresolvedReferences += batch.unresolvedReferences
      do {
        try notes.add(batch.notes)
        try tellUnnamed(batch)
        try sink.write(batch)
      } catch let error as PipelineFailure {
        failure = error
      } catch {
        failure = PipelineFailure(.output, "\(error)")
      }
    }
  }

  private func sink(transactionTime: String) throws -> any ExportSink {
    switch options.format {
    case .ndjson:
      options.out == "-"
        ? try LineStream(path: "-")
        : try LineFiles(folder: options.out, transactionTime: transactionTime, overwrites: options.overwrites)
    case .bundle: try BundleFile(path: options.out, isXML: options.isXML)
    case .json, .xml:
      try SingleFiles(
        folder: options.out, suffix: options.format == .xml ? "xml" : "json",
        transactionTime: transactionTime,
        overwrites: options.overwrites)
    }
  }

  private func read(
    _ store: DocumentStore, _ unfitIDs: UnfitIDs, into queue: BoundedQueue<Documents>,
    _ memory: SharedBufferPool
  ) throws {
    var number = 0
    var buffer = memory.buffer(capacity: ExportRun.bytesPerBatch)
    let renamed = unfitIDs.names.renaming(mappings)
    try store.withConnection { connection in
      for kind in DocumentKind.allCases.sorted() where mayHold(kind) {
        var documents = Documents(number: number, kind: kind)
        func send() throws {
          guard !documents.documents.isEmpty else { return }
          try leaveOutStored(&documents, unfitIDs, store)
          guard queue.push(documents) else { throw QueueClosed() }
          number += 1
          documents = Documents(number: number, kind: kind)
        }
        let options = FindOptions(sort: ["_id": 1], replyBytes: ExportRun.bytesPerBatch / 2)
        func add(_ document: BSONView) throws {
          if buffer.room < document.bytes.count {
            try send()
            buffer = memory.buffer(capacity: max(ExportRun.bytesPerBatch, document.bytes.count))
          }
          documents.documents.append(buffer.append(document.bytes))
          if kind == .patient { try noteChart(in: document, &documents) }
        }
        try connection.find(
          try filter(kind, unfitIDs), in: collections[kind] ?? kind.rawValue, options: options
        ) {
          document in
          guard let other = try renamed(document, kind) else { return try add(document) }
          try other.withView { view in
            try add(view)
            let id = try DocumentReader.id(of: view)
            if try id != DocumentReader.id(of: document) { documents.renamed.insert(id) }
          }
        }
        try send()
      }
    }
  }

  /// Whether documents of a kind can hold a resource of the types asked for.
  private func mayHold(_ kind: DocumentKind) -> Bool {
    guard let types = options.types, kind != .resource else { return true }
    return types.contains {
      let home = mappings.homes.place(ofType: $0).kind
      return home == kind || kind == .patient && home == .chart
    }
  }

  private func filter(_ kind: DocumentKind, _ unfitIDs: UnfitIDs) throws -> BSONDocument {
    guard let patients = options.patients else { return try sourceFilter(kind) }
    // Documents that never came from FHIR may have numbers and ObjectIds where others have texts.
    let ids = BSONValue.array(
      try patients.sorted().flatMap { id -> [BSONValue] in
        if options.source != nil { return [.string(documentID(ofPatient: id))] }
        let original = try unfitIDs.of(kind).original(of: DocumentID.fhirID(id))
        return StoredID.values(of: id) + (original.map { [$0] } ?? [])
      })
    switch kind {
    case .patient: return try BSONDocument(["_id": ["$in": ids]])
    case .chart:
      return try BSONDocument([
        "$or": [
          ["_id": ["$in": ids]], ["chart_id": ["$in": ids]], ["patient_id": ["$in": ids]],
        ]
      ])
    case .appointment:
      let field = mappings.plan(.appointment).flatMap { DocumentRoles($0).patient } ?? "patient_id"
      return try BSONDocument([field: ["$in": ids]])
    case .provider:
      // A provider is nobody's; it belongs to an export of all.
      return try BSONDocument(["_id": ["$in": []]])
    case .resource:
      let patients = patients.sorted()
      let whole = BSONValue.array(patients.map { .string("Patient/" + $0) })
      // A reference may name a version: `0` comes after `/`.
      let versions: [BSONValue] = patients.map { id in
        ["$gte": .string("Patient/\(id)/_history/"), "$lt": .string("Patient/\(id)/_history0")]
      }
      return try BSONDocument([
        "$or": .array(
          ["patient", "subject", "beneficiary"].flatMap { element in
            ([["$in": whole]] + versions).map { ["fhir.\(element).reference": $0] }
          })
      ])
    }
  }

  /// When the data was last imported: the export's time, so that two exports of the same data are equal.
  private func latestRun(_ store: DocumentStore) throws -> String {
    do {
      return try store.withConnection { connection in
        var finished = ""
        try connection.find(
          in: ImportRun.runCollection, options: FindOptions(sort: ["finished": -1], limit: 1)
        ) {
          document in finished = try document.find("finished")?.text ?? ""
        }
        return finished.isEmpty ? "1970-01-01T00:00:00Z" : finished
      }
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }
}
