import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// Notes which documents hold references that found nothing, so that the import which brings their targets finds them.
///
/// A note is a document of the collection `fhirline_waiting`: what the reference asks for, and who waits. Its `_id` stands for
/// both, so that a note made twice is one: the first. An import that finds nothing new leaves all notes as they are, and its
/// number, under which the next import goes, on none of them.
final class WaitingReferences: Sendable {
  static let collection = "fhirline_waiting"

  /// What a resource waits for where its target is known, and not what the target is called.
  static func name(ofTarget key: String) -> String { "name of " + key }

  private static let notesPerWrite = 1000
  private static let mostRemembered = 500_000

  private struct State {
    var seen: Set<UInt64> = []
    var notes: [WriteOperation] = []
    var failure: StoreError?
    var isReady = false
  }

  private let store: DocumentStore
  private let source: String
  private let run: Int32
  private let state = Mutex(State())

  init(store: DocumentStore, source: String, run: Int32) {
    self.store = store
    self.source = source
    self.run = run
  }

  /// Notes that a document waits for what is called so.
  func add(_ names: [String], kind: DocumentKind, documentID: String) {
    state.withLock { state in
      for name in names {
        let text = "\(source)\n\(kind.rawValue)\n\(documentID)\n\(name)"
        if state.seen.count > WaitingReferences.mostRemembered { state.seen = [] }
        guard state.seen.insert(NameHash.of(text)).inserted else { continue }
        let note: BSONFields = [
          "name": .string(name), "kind": .string(kind.rawValue), "document": .string(documentID),
          "source": .string(source), "run": .int32(run),
        ]
        guard let first = try? BSONDocument(["$setOnInsert": .document(note)]) else { continue }
        state.notes.append(
          .update(filter: ["_id": .string(ContentDigest.text(of: text))], first, upsert: true, many: false))
      }
      if state.notes.count >= WaitingReferences.notesPerWrite { write(&state) }
    }
  }

  /// Writes what is left; returns why that was not possible.
  func finish() -> PipelineFailure? {
    state.withLock { state in
      write(&state)
      return state.failure.map { PipelineFailure(.stopped, $0.message) }
    }
  }

  private func write(_ state: inout State) {
    guard !state.notes.isEmpty, state.failure == nil else { return }
    let notes = state.notes
    let isReady = state.isReady
    state.notes = []
    do {
      try store.persevering { connection in
        if !isReady {
          try connection.ensureIndexes(
            [IndexDefinition(name: "fhirline_document", keys: ["document": 1])],
            on: WaitingReferences.collection)
        }
        _ = try connection.write(notes, in: WaitingReferences.collection)
      }
      state.isReady = true
    } catch let error as StoreError {
      state.failure = error
    } catch {
      state.failure = StoreError(.writeFailed, "references that wait could not be noted")
    }
  }
}
