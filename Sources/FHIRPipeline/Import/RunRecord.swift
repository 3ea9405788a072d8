import BSON
import DocumentStore
import Foundation
import Synchronization

extension ImportRun {
  /// One document an import that changed anything: its number, its files, when it began and ended. Exports take their
  /// time from the newest, `trace` its files.
  package static let runCollection = "fhirline_run"
}

/// The note of an import in the database: made before anything is loaded, completed at the end.
///
/// Its `_id` is a number, counted up by one, which stands for the import in the documents' origins. Names of files that do
/// not fit it follow in documents of their own, `12/1`, `12/2`, …
final class RunRecord: Sendable {
  static let namesPerDocument = 5_000

  private let store: DocumentStore
  private let thread: WorkerThread
  private let noted: Noted

  private final class Noted: Sendable {
    let number = Mutex<Int32>(0)
    let failure = Mutex<PipelineFailure?>(nil)
  }

  /// Notes the import, beside other work.
  init(files: [String], source: String, store: DocumentStore) {
    self.store = store
    let noted = Noted()
    self.noted = noted
    thread = WorkerThread {
      do {
        let number = try RunRecord.note(files: files, source: source, in: store)
        noted.number.withLock { $0 = number }
      } catch {
        let reason = (error as? StoreError)?.message ?? "\(error)"
        noted.failure.withLock {
          $0 = PipelineFailure(.connection, "the import could not be noted in the database: \(reason)")
        }
      }
    }
  }

  /// Waits until the import is noted, and gives its number; call it once.
  func number() throws -> Int32 {
    thread.join()
    if let failure = noted.failure.withLock({ $0 }) { throw failure }
    return noted.number.withLock { $0 }
  }

  private static func note(files: [String], source: String, in store: DocumentStore) throws -> Int32 {
    let started = now()
    return try store.withConnection { connection in
      // Somebody else may take the number that is free.
      for _ in 0..<100 {
        let number = try last(connection) + 1
        var fields: BSONFields = [
          "_id": .int32(number), "started": .string(started), "program": .string(ProgramVersion.current),
        ]
        if !source.isEmpty { fields["source"] = .string(source) }
        fields["files"] = .array(files.prefix(namesPerDocument).map { .string($0) })
        let result = try connection.insert([try BSONDocument(fields)], into: ImportRun.runCollection)
        if let failure = result.failures.first {
          guard failure.reason == .duplicateKey else { throw StoreError(.writeFailed, failure.message) }
          continue
        }
        var rest = files.dropFirst(namesPerDocument)
        var part = 1
        while !rest.isEmpty {
          let names: BSONFields = [
            "_id": .string("\(number)/\(part)"),
            "files": .array(rest.prefix(namesPerDocument).map { .string($0) }),
          ]
          _ = try connection.insert([try BSONDocument(names)], into: ImportRun.runCollection)
          rest = rest.dropFirst(namesPerDocument)
          part += 1
        }
        return number
      }
      throw StoreError(.writeFailed, "other imports keep taking its number")
    }
  }

  private static func last(_ connection: borrowing StoreConnection) throws -> Int32 {
    var last: Int32 = 0
    try connection.find(
      ["_id": ["$type": "number"]], in: ImportRun.runCollection,
      options: FindOptions(sort: ["_id": -1], projection: ["_id": 1], limit: 1)
    ) { document in
      last = Int32(clamping: try document.find("_id")?.integer ?? 0)
    }
    return last
  }

  /// Notes the end of the import; one that changed nothing leaves no note. Returns why that was not possible.
  func finish(_ summary: ImportSummary, isWhole: Bool) -> PipelineFailure? {
    let number = noted.number.withLock { $0 }
    guard number > 0 else { return nil }
    let total = summary.total
    do {
      try store.withConnection { connection in
        guard total.inserted + total.replaced + summary.deleted > 0 || !isWhole else {
          _ = try connection.write(
            [
              .delete(filter: ["_id": .int32(number)], many: false),
              .delete(filter: ["_id": ["$regex": .string("^\(number)/")]], many: true),
            ], in: ImportRun.runCollection)
          return
        }
        var fields: BSONFields = [
          "read": .int64(Int64(total.read)), "inserted": .int64(Int64(total.inserted)),
          "replaced": .int64(Int64(total.replaced)), "unchanged": .int64(Int64(total.unchanged)),
          "quarantined": .int64(Int64(total.quarantined)),
        ]
        fields[isWhole ? "finished" : "stopped"] = .string(RunRecord.now())
        let change = try BSONDocument(["$set": .document(fields)])
        _ = try connection.write(
          [.update(filter: ["_id": .int32(number)], change, upsert: false, many: false)],
          in: ImportRun.runCollection)
      }
      return nil
    } catch {
      let reason = (error as? StoreError)?.message ?? "\(error)"
      return isWhole
        ? PipelineFailure(.stopped, "all is loaded, but the run's end could not be noted: \(reason)") : nil
    }
  }

  private static func now() -> String { ISO8601DateFormatter().string(from: Date()) }
}
