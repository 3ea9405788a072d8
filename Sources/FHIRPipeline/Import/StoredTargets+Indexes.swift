import BSON
import DocumentStore
import Synchronization

/// Makes the indexes that finding stored resources by name needs, beside the first pass over the inputs.
///
/// A collection that is made for its indexes costs the server tens of milliseconds, as much as loading a small Bundle.
final class NameIndexes: Sendable {
  private let thread: WorkerThread
  private let failed: Failure

  private final class Failure: Sendable {
    let value = Mutex<PipelineFailure?>(nil)
  }

  init(_ store: DocumentStore, collections: [String]) {
    let failed = Failure()
    self.failed = failed
    thread = WorkerThread {
      do {
        try store.withConnection { connection in
          for collection in collections {
            try connection.createIndexes(
              [IndexDefinition(name: "fhirline_names", keys: [StoredTargets.namesPath: 1], isSparse: true)],
              on: collection)
          }
        }
      } catch let error as StoreError {
        failed.value.withLock { $0 = PipelineFailure(.connection, error.message) }
      } catch {
        failed.value.withLock { $0 = PipelineFailure(.connection, "\(error)") }
      }
    }
  }

  /// Waits until the indexes are there. Call it once.
  func finish() throws {
    thread.join()
    if let failure = failed.value.withLock({ $0 }) { throw failure }
  }
}
