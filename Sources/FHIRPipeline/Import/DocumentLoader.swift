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

  private static let documentsPerBatch = 500
  private static let bytesPerBatch = 2 << 20
  /// Bytes of documents that wait for the database.
  private static let bytesWaiting = 8 << 20

  private let store: DocumentStore
  private let collections: [DocumentKind: String]
  private let assembler: DocumentAssembler
  private let queue = BoundedQueue<[LoadRequest]>(limit: bytesWaiting)
  private let failure = Mutex<PipelineFailure?>(nil)
  /// Which collections had documents before this run.
  private let filled = Mutex<[String: Bool]>([:])
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
      // Small batches are gathered: every exchange with the server costs as much as some tens of documents.
      var gathered: [DocumentKind: Gathered] = [:]
      while let batch = queue.pop() {
        for request in batch {
          gathered[request.kind, default: Gathered()].add(request)
          guard let whole = gathered[request.kind], whole.isEnough else { continue }
          gathered[request.kind] = nil
          load(whole.requests, kind: request.kind)
        }
      }
      for (kind, rest) in gathered.sorted(by: { $0.key < $1.key }) { load(rest.requests, kind: kind) }
    }
    self.thread.withLock { $0 = thread }
  }

  /// Documents of one kind on their way into one exchange with the server.
  private struct Gathered {
    var requests: [LoadRequest] = []
    var bytes = 0

    var isEnough: Bool { bytes >= DocumentLoader.bytesPerBatch || requests.count >= documentsPerBatch }

    mutating func add(_ request: LoadRequest) {
      requests.append(request)
      bytes += request.byteCount
    }
  }

  /// Hands documents over; waits while the database is behind. False once loading has failed.
  package func put(_ requests: [LoadRequest]) -> Bool {
    requests.isEmpty || queue.push(requests, cost: requests.reduce(0) { $0 + $1.byteCount })
  }

  /// Waits until all is written; returns why that was not possible.
  package func finish() -> PipelineFailure? {
    queue.close()
    thread.withLock { $0.take() }?.join()
    return failure.withLock { $0 }
  }

  package var hasFailed: Bool { failure.withLock { $0 != nil } }

  private func load(_ requests: [LoadRequest], kind: DocumentKind) {
    guard !hasFailed else { return }
    do {
      try store.withConnection { connection in
        let collection = collections[kind] ?? kind.rawValue
        let loader = CollectionLoader(
          collection: collection, assembler: assembler, hasTransactions: store.server.hasTransactions,
          counted: counted, refused: refused)
        try loader.load(requests, areNew: !hadDocuments(collection, connection), connection)
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

  /// Whether a collection had documents before this run.
  private func hadDocuments(_ collection: String, _ connection: borrowing StoreConnection) throws -> Bool {
    if let known = filled.withLock({ $0[collection] }) { return known }
    var found = false
    try connection.find(in: collection, options: FindOptions(projection: ["_id": 1], limit: 1)) { _ in
      found = true
    }
    filled.withLock { $0[collection] = found }
    return found
  }

  private func fail(_ error: PipelineFailure) {
    failure.withLock { $0 = $0 ?? error }
    queue.close()
  }
}
