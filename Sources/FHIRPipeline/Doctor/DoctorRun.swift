import BSON
package import DocumentStore
package import FHIRMapping
import Foundation
import Synchronization

/// The work of `fhirline doctor`: finds what is wrong in documents and between them, and repairs what is derived.
///
/// Every collection is read once, in the order of its `_id`s. What belongs together (a patient, the charts and
/// appointments that name it) is noted in a ``SpillStore`` and joined partition by partition, so that memory does not grow
/// with the number of documents.
package struct DoctorRun: Sendable {
  package var mappings: MappingSet
  package var collections: [DocumentKind: String]
  package var chart: ChartLayout
  package var workers = 2
  package var fixes = false
  /// How many documents are named of each group of findings.
  package var limit = 20
  package var showsProgress = true

  package init(_ configuration: PipelineConfiguration) throws {
    mappings = try Database.mappings(configuration)
    collections = try configuration.collectionNames(mappings)
    chart = configuration.chart
  }

  private static let bytesPerBatch = 1 << 20
  /// What may wait to be looked at; a single document may have 16 MB.
  private static let waitingBytes = 6 << 20

  /// Some documents of one kind.
  private struct Batch: Sendable {
    let kind: DocumentKind
    var documents = BSONBatch()
  }

  package func run(store: DocumentStore) throws -> DoctorOutcome {
    let started = Progress.now()
    do {
      if fixes { try requireRights(store) }
      let scan = try DoctorScan(mappings: mappings, collections: collections, layout: chart, store: store)
      let spill = SpillStore(expectedBytes: try expectedBytes(store), folder: NSTemporaryDirectory())
      let ledger = DoctorLedger(limit: max(1, limit))
      var outcome = DoctorOutcome(database: store.databaseName)
      outcome.documents = try read(store, scan, spill, ledger)
      try join(store, scan, spill, ledger)
      outcome.groups = ledger.groups
      outcome.fixes = fixes
      outcome.seconds = Progress.now() - started
      return outcome
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }

  /// Throws where the user of the connection may not repair all that is to be repaired: who may change patients and not their charts
  /// would leave half of the repairs.
  private func requireRights(_ store: DocumentStore) throws {
    guard let rights = try store.rights() else { return }
    let kinds: [DocumentKind] = chart == .embedded ? [.patient, .provider] : [.patient, .chart, .provider]
    let names = kinds.map { collections[$0] ?? $0.rawValue }
    if let fault = rights.fault(doing: [("update", names)]) { throw fault }
  }

  /// About how much will be noted: two records for each document, three for an appointment; one for each resource in a section, which
  /// is a fifteenth of it.
  private func expectedBytes(_ store: DocumentStore) throws -> Int {
    try store.withConnection { connection in
      var count = 0
      for kind in DocumentKind.allCases where kind != .resource {
        let reply = try connection.command(
          try BSONDocument(["count": .string(collections[kind] ?? kind.rawValue)]))
        count += Int(try reply.withView { try $0.find("n")?.integer ?? 0 }) * (kind == .appointment ? 3 : 2)
      }
      let statistics = try BSONDocument([
        "collStats": .string(collections[.chart] ?? DocumentKind.chart.rawValue)
      ])
      do {
        let bytes = try connection.command(statistics).withView { try $0.find("size")?.integer ?? 0 }
        return count * 250 + Int(bytes) / 15
      } catch let error as StoreError where error.code == .notAuthorized {
        // Some may read all documents, and not ask how large they are.
        return count * 2000
      }
    }
  }

  // MARK: Reading

  private func read(
    _ store: DocumentStore, _ scan: DoctorScan, _ spill: SpillStore, _ ledger: DoctorLedger
  ) throws -> [(String, Int)] {
    let queue = BoundedQueue<Batch>(limit: DoctorRun.waitingBytes)
    let failure = Mutex<(any Error)?>(nil)
    let progress = Progress(total: 0, enabled: showsProgress)
    let threads = (0..<max(1, workers)).map { _ in
      WorkerThread {
        while let batch = queue.pop() {
          do {
            try look(at: batch, scan, spill, ledger)
            progress.advance(bytes: batch.documents.bytes.count, resources: batch.documents.count)
          } catch {
            failure.withLock { $0 = $0 ?? error }
            queue.close()
          }
        }
      }
    }
    let counts = Result { try send(store, to: queue) }
    queue.close()
    for thread in threads { thread.join() }
    progress.finish()
    if let failure = failure.withLock({ $0 }) { throw failure }
    return try counts.get()
  }

  /// Reads the collections, and gives the number of documents of each.
  private func send(_ store: DocumentStore, to queue: BoundedQueue<Batch>) throws -> [(String, Int)] {
    try store.withConnection { connection in
      var counts: [(String, Int)] = []
      for kind in DocumentKind.allCases.sorted() {
        let collection = collections[kind] ?? kind.rawValue
        var batch = Batch(kind: kind)
        var count = 0
        try connection.find(in: collection, options: FindOptions(sort: ["_id": 1])) { document in
          count += 1
          batch.documents.append(document)
          guard batch.documents.bytes.count >= DoctorRun.bytesPerBatch else { return }
          // A queue that is closed says that a worker failed, who tells why.
          guard queue.push(batch, cost: batch.documents.bytes.count) else {
            throw PipelineFailure(.stopped, "the doctor was stopped")
          }
          batch = Batch(kind: kind)
        }
        if !batch.documents.isEmpty { _ = queue.push(batch, cost: batch.documents.bytes.count) }
        counts.append((collection, count))
      }
      return counts
    }
  }

  private func look(
    at batch: Batch, _ scan: DoctorScan, _ spill: SpillStore, _ ledger: DoctorLedger
  ) throws {
    try batch.documents.forEachDocument { document in
      do {
        try scan.look(at: document, kind: batch.kind) {
          ledger.add($0)
        } _: { join in
          try spill.append(key: NameHash.of(join.key)) { join.encode(into: &$0) }
        }
      } catch is BSONError {
        let id = (try? DocumentReader.id(of: document)) ?? "?"
        ledger.add(
          DoctorFinding(
            cause: .unreadableDocument, collection: scan.collection(batch.kind), document: id))
      }
    }
  }

  // MARK: Joining

  private func join(
    _ store: DocumentStore, _ scan: DoctorScan, _ spill: SpillStore, _ ledger: DoctorLedger
  ) throws {
    let next = Atomic<Int>(0)
    let failure = Mutex<(any Error)?>(nil)
    let joins = DoctorJoins(scan: scan, store: store, repairs: fixes ? DoctorRepairs(scan: scan) : nil)
    WorkerThread.run(count: max(1, workers)) { _ in
      while failure.withLock({ $0 == nil }) {
        let partition = next.add(1, ordering: .relaxed).oldValue
        guard partition < spill.partitionCount else { break }
        do {
          try joins.join(try spill.take(partition)) { ledger.add($0, $1) }
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
  }
}
