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
  /// By which the notes of a document are found.
  static let index = IndexDefinition(name: "fhirline_document", keys: ["document": 1])

  /// What a resource waits for where its target is known, and not what the target is called.
  static func name(ofTarget key: String) -> String { "name of " + key }

  private static let notesPerWrite = 1000
  private static let writesWaiting = 4
  private static let mostRemembered = 500_000

  private struct Note: Sendable {
    let id: String
    let document: BSONDocument
  }

  private struct State {
    var seen: Set<UInt64> = []
    var notes: [Note] = []
    var writer: WorkerThread?
  }

  private let store: DocumentStore
  private let source: String
  private let run: Int32
  private let state = Mutex(State())
  private let failure = Mutex<PipelineFailure?>(nil)
  private let noted = Atomic(false)
  /// Notes on their way to a thread of their own: who finds a reference that waits has better to do than to wait for MongoDB.
  private let queue = BoundedQueue<[Note]>(limit: writesWaiting)

  init(store: DocumentStore, source: String, run: Int32) {
    self.store = store
    self.source = source
    self.run = run
  }

  /// Whether notes were written that were not there.
  var hasNoted: Bool { noted.load(ordering: .relaxed) }

  /// Notes that a document waits for what is called so.
  func add(_ names: [String], kind: DocumentKind, documentID: String) {
    let waiting = NameHash.of(documentID) &* 5 &+ UInt64(kind.number)
    let full = state.withLock { state -> [Note]? in
      for name in names {
        if state.seen.count > WaitingReferences.mostRemembered { state.seen = [] }
        guard state.seen.insert(waiting &* 31 ^ NameHash.of(name)).inserted else { continue }
        let id = ContentDigest.text(of: "\(source)\n\(kind.rawValue)\n\(documentID)\n\(name)")
        let note: BSONFields = [
          "_id": .string(id), "name": .string(name), "kind": .string(kind.rawValue),
          "document": .string(documentID), "source": .string(source), "run": .int32(run),
        ]
        guard let document = try? BSONDocument(note) else { continue }
        state.notes.append(Note(id: id, document: document))
      }
      guard state.notes.count >= WaitingReferences.notesPerWrite else { return nil }
      return takeNotes(&state)
    }
    if let full { queue.push(full) }
  }

  /// Writes what is left; returns why that was not possible. Call it once, when nobody adds any more.
  func finish() -> PipelineFailure? {
    let (last, writer) = state.withLock { state in
      let last = state.notes.isEmpty ? nil : takeNotes(&state)
      return (last, state.writer)
    }
    if let last { queue.push(last) }
    queue.close()
    writer?.join()
    return failure.withLock { $0 }
  }

  private func takeNotes(_ state: inout State) -> [Note] {
    if state.writer == nil { state.writer = WorkerThread { [self] in writeAll() } }
    defer { state.notes = [] }
    return state.notes
  }

  private func writeAll() {
    var isReady = false
    var wasEmpty = false
    while let notes = queue.pop() {
      // After a failure the queue is emptied all the same: whoever pushes must not wait for ever.
      guard failure.withLock({ $0 == nil }) else { continue }
      do {
        try store.persevering { connection in
          if !isReady {
            try connection.ensureIndexes([WaitingReferences.index], on: WaitingReferences.collection)
            wasEmpty = true
            try connection.find(
              in: WaitingReferences.collection, options: FindOptions(projection: ["_id": 1], limit: 1)
            ) {
              _ in wasEmpty = false
            }
            isReady = true
          }
          try write(notes, mayBeThere: !wasEmpty, connection)
        }
      } catch let error as StoreError {
        failure.withLock { $0 = PipelineFailure(.stopped, error.message) }
      } catch {
        failure.withLock { $0 = PipelineFailure(.stopped, "references that wait could not be noted") }
      }
    }
  }

  /// Which of these notes are there. One that somebody changed does not say any more what its `_id` stands for: it goes.
  private func sound(among notes: [Note], _ connection: borrowing StoreConnection) throws -> Set<String> {
    var sound: Set<String> = []
    var changed: [String] = []
    let fields: BSONFields = ["source": 1, "kind": 1, "document": 1, "name": 1]
    try connection.find(ids: notes.lazy.map(\.id), in: WaitingReferences.collection, projection: fields) {
      note in
      guard let id = try note.find("_id")?.text else { return }
      // A text that none of them has.
      let said = try fields.fields.map { try note.find(string: $0.key)?.text ?? "\n" }
      if ContentDigest.text(of: said.joined(separator: "\n")) == id {
        sound.insert(id)
      } else {
        changed.append(id)
      }
    }
    if !changed.isEmpty { _ = try connection.delete(ids: changed, from: WaitingReferences.collection) }
    return sound
  }

  /// Inserts the notes that are not there yet. To look for them first costs the server a twentieth of refusing them one by one.
  private func write(_ notes: [Note], mayBeThere: Bool, _ connection: borrowing StoreConnection) throws {
    let present = mayBeThere ? try sound(among: notes, connection) : []
    let missing = notes.lazy.filter { !present.contains($0.id) }.map(\.document)
    guard !missing.isEmpty else { return }
    noted.store(true, ordering: .relaxed)
    let result = try connection.insert(Array(missing), into: WaitingReferences.collection)
    // Another import, or this one before its confirmation was lost, may have made the same note.
    if let refused = result.failures.first(where: { $0.reason != .duplicateKey }) {
      throw StoreError(.writeFailed, "a reference that waits could not be noted: \(refused.message)")
    }
  }
}
