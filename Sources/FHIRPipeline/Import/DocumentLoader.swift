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
      while let batch = nextBatch() { load(batch) }
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

  /// Waits for documents and takes all that came while the last ones were written: fewer exchanges with the server.
  private func nextBatch() -> [LoadRequest]? {
    guard var batch = queue.pop() else { return nil }
    var bytes = batch.reduce(0) { $0 + $1.byteCount }
    while bytes < DocumentLoader.bytesPerBatch, let more = queue.popIfAny() {
      bytes += more.reduce(0) { $0 + $1.byteCount }
      batch += more
    }
    return batch
  }

  private func load(_ batch: [LoadRequest]) {
    guard !hasFailed else { return }
    do {
      try store.withConnection { connection in
        for (kind, requests) in Dictionary(grouping: batch, by: \.kind).sorted(by: { $0.key < $1.key }) {
          let loader = CollectionLoader(
            collection: collections[kind] ?? kind.rawValue, assembler: assembler,
            hasTransactions: store.server.hasTransactions, counted: counted, refused: refused)
          var rest = requests[...]
          while !rest.isEmpty {
            var bytes = 0
            let count =
              rest.prefix { request in
                defer { bytes += request.byteCount }
                return bytes < DocumentLoader.bytesPerBatch
              }.prefix(DocumentLoader.documentsPerBatch).count
            try loader.load(Array(rest.prefix(count)), connection)
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
}
