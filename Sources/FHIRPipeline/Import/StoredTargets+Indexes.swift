import BSON
import DocumentStore
import Synchronization

/// Makes the indexes that finding stored resources by name needs, beside the import's other work.
///
/// A collection that is made for its indexes costs the server tens of milliseconds, as much as loading a small Bundle;
/// most of them it waits, so that several are made at the same time.
final class NameIndexes: Sendable {
  private let threads: Mutex<[WorkerThread]>
  private let state: State

  private final class State: Sendable {
    let failure = Mutex<PipelineFailure?>(nil)
    let filled = Mutex<Set<String>>([])
  }

  init(_ store: DocumentStore, collections: [String]) {
    let state = State()
    self.state = state
    let made = collections.map { collection in
      WorkerThread {
        do {
          try store.persevering { connection in
            let first = FindOptions(projection: ["_id": 1], limit: 1)
            try connection.find(in: collection, options: first) { _ in
              state.filled.withLock { _ = $0.insert(collection) }
            }
            try connection.createIndexes(
              [NameIndexes.definition], on: collection)
          }
        } catch let error as StoreError {
          state.failure.withLock { $0 = PipelineFailure(.connection, error.message) }
        } catch {
          state.failure.withLock { $0 = PipelineFailure(.connection, "\(error)") }
        }
      }
    }
    threads = Mutex(made)
  }

  static let definition = IndexDefinition(
    name: "fhirline_names", keys: [StoredTargets.namesPath: 1], isSparse: true)

  /// Waits until the indexes are there, and returns why that failed. May be called by several threads.
  func finish() -> PipelineFailure? {
    threads.withLock { threads in
      for thread in threads { thread.join() }
      threads = []
    }
    return state.failure.withLock { $0 }
  }

  /// Whether a collection had documents before the run loaded any. Ask after ``finish()``.
  func hadDocuments(_ collection: String) -> Bool { state.filled.withLock { $0.contains(collection) } }
}
