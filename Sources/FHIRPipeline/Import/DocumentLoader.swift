import BSON
package import DocumentStore
package import FHIRMapping
import Synchronization

/// Writes documents in batches: asks what is there, inserts what is new, merges and replaces what changed, skips what is equal.
///
/// One thread loads, so that no two batches meet at one document.
package final class DocumentLoader: DocumentSink {
  /// What became of the resources, by type.
  package typealias Counted = @Sendable (_ parts: [Part], _ outcomes: [DocumentAssembler.Outcome?]) -> Void
  /// A document that the database refused.
  package typealias Refused = @Sendable (_ parts: [Part], _ reason: String) -> Void

  private static let documentsPerBatch = 1000
  private static let bytesPerBatch = 6 << 20

  private let store: DocumentStore
  private let collections: [DocumentKind: String]
  private let assembler: DocumentAssembler
  private let queue = BoundedQueue<[LoadRequest]>(limit: 4)
  private let failure = Mutex<PipelineFailure?>(nil)
  private let counted: Counted
  private let refused: Refused
  private let thread: Mutex<WorkerThread?> = Mutex(nil)

  package init(
    store: DocumentStore, collections: [DocumentKind: String], assembler: DocumentAssembler,
    counted: @escaping Counted, refused: @escaping Refused
  ) {
    self.store = store
    self.collections = collections
    self.assembler = assembler
    self.counted = counted
    self.refused = refused
  }

  /// Begins loading on a thread of its own.
  package func start() {
    let thread = WorkerThread { [self] in
      while let batch = queue.pop() { load(batch) }
    }
    self.thread.withLock { $0 = thread }
  }

  /// Hands documents over; waits while the database is behind. False once loading has failed.
  package func put(_ requests: [LoadRequest]) -> Bool { requests.isEmpty || queue.push(requests) }

  /// Waits until all is written; returns why that was not possible.
  package func finish() -> PipelineFailure? {
    queue.close()
    thread.withLock { $0.take() }?.join()
    return failure.withLock { $0 }
  }

  package var hasFailed: Bool { failure.withLock { $0 != nil } }

  private func load(_ batch: [LoadRequest]) {
    guard !hasFailed else { return }
    do {
      try store.withConnection { connection in
        for (kind, requests) in Dictionary(grouping: batch, by: \.kind).sorted(by: { $0.key < $1.key }) {
          var rest = requests[...]
          while !rest.isEmpty {
            var bytes = 0
            let count =
              rest.prefix { request in
                defer { bytes += request.byteCount }
                return bytes < DocumentLoader.bytesPerBatch
              }.prefix(DocumentLoader.documentsPerBatch).count
            try load(Array(rest.prefix(count)), into: collections[kind] ?? kind.rawValue, connection)
            rest = rest.dropFirst(count)
          }
        }
      }
    } catch let error as StoreError {
      fail(
        PipelineFailure(
          .stopped, "\(error.message) What was loaded so far is whole; run the import again to go on."))
    } catch let error as PipelineFailure {
      fail(error)
    } catch {
      fail(PipelineFailure(.stopped, "loading stopped: \(error)"))
    }
  }

  private func fail(_ error: PipelineFailure) {
    failure.withLock { $0 = $0 ?? error }
    queue.close()
  }

  /// Loads documents of one collection.
  private func load(
    _ requests: [LoadRequest], into collection: String, _ connection: borrowing StoreConnection
  ) throws {
    let requests = try merged(requests)
    var stored: [String: (hash: String, pages: Int)] = [:]
    try connection.find(
      ids: requests.map(\.id), in: collection, projection: ["_fhirline.hash": 1, "_fhirline.pages": 1]
    ) { document in
      guard let id = try document.find("_id")?.text else { return }
      let hash = try document.find(path: "_fhirline.hash")?.text ?? ""
      stored[id] = (hash, Int(try document.find(path: "_fhirline.pages")?.integer ?? 1))
    }
    var fresh: [LoadRequest] = []
    for request in requests {
      guard let known = stored[request.id] else {
        fresh.append(request)
        continue
      }
      if known.hash == request.assembly.hash {
        counted(request.parts, request.assembly.outcomes.map { $0.map { _ in .unchanged } })
      } else {
        try merge(request, pages: known.pages, in: collection, connection)
      }
    }
    try insert(fresh, into: collection, connection)
  }

  /// Requests for one document within a batch become one.
  private func merged(_ requests: [LoadRequest]) throws -> [LoadRequest] {
    var positions: [String: Int] = [:]
    var result: [LoadRequest] = []
    for request in requests {
      guard let position = positions[request.id] else {
        positions[request.id] = result.count
        result.append(request)
        continue
      }
      let parts = result[position].parts + request.parts
      result[position] = LoadRequest(
        kind: request.kind, id: request.id, parts: parts,
        assembly: try assembler.assemble(kind: request.kind, id: request.id, parts: parts))
    }
    return result
  }

  private func insert(
    _ requests: [LoadRequest], into collection: String, _ connection: borrowing StoreConnection
  ) throws {
    guard !requests.isEmpty else { return }
    // Further pages go before their document: a document that is there has all its pages.
    let further = requests.flatMap { $0.assembly.pages.dropFirst() }
    if !further.isEmpty {
      let ids = requests.flatMap { $0.assembly.ids.dropFirst() }
      _ = try connection.delete(ids: ids, from: collection)
      for page in further { _ = try connection.insert([page], into: collection) }
    }
    let result = try connection.insert(requests.map { $0.assembly.pages[0] }, into: collection)
    var failed: [Int: WriteFailure] = [:]
    for failure in result.failures { failed[failure.index] = failure }
    for (index, request) in requests.enumerated() {
      switch failed[index]?.reason {
      case nil: counted(request.parts, request.assembly.outcomes)
      case .duplicateKey:
        // Somebody else wrote it since it was asked for.
        try merge(request, pages: 1, in: collection, connection)
      default: refused(request.parts, failed[index]?.message ?? "the database refused the document")
      }
    }
  }

  /// Adds parts to a document that is there and differs.
  private func merge(
    _ request: LoadRequest, pages: Int, in collection: String, _ connection: borrowing StoreConnection
  ) throws {
    var ids = [request.id]
    if pages > 1 { ids += (2...pages).map { "\(request.id)#\($0)" } }
    var found: [String: BSONDocument] = [:]
    try connection.find(ids: ids, in: collection) { document in
      if let id = try document.find("_id")?.text { found[id] = BSONDocument(copying: document) }
    }
    let stored = ids.compactMap { found[$0] }
    let assembly = try assembler.assemble(
      kind: request.kind, id: request.id, parts: request.parts, stored: stored)
    if let first = stored.first, try DocumentLoader.hash(of: first) == assembly.hash {
      counted(request.parts, assembly.outcomes)
      return
    }
    for (id, page) in zip(assembly.ids, assembly.pages).dropFirst() {
      if found[id] == nil {
        _ = try connection.insert([page], into: collection)
      } else if found[id] != page {
        _ = try connection.replace([page], in: collection)
      }
    }
    let result = try connection.replace([assembly.pages[0]], in: collection)
    if ids.count > assembly.ids.count {
      _ = try connection.delete(ids: Array(ids[assembly.ids.count...]), from: collection)
    }
    if let failure = result.failures.first {
      refused(request.parts, failure.message)
    } else {
      counted(request.parts, assembly.outcomes)
    }
  }

  private static func hash(of document: BSONDocument) throws -> String? {
    try document.withView { try $0.find(path: "_fhirline.hash")?.text }
  }
}
