import BSON
import DocumentStore
import Foundation

extension ImportRun {
  /// One document an import that changed anything: when it ended. Exports take their time from the newest.
  package static let runCollection = "fhirline_run"

  /// Notes the end of an import that changed documents; returns why that was not possible.
  static func record(_ summary: ImportSummary, in store: DocumentStore) -> PipelineFailure? {
    guard summary.total.inserted + summary.total.replaced > 0 else { return nil }
    do {
      try insert(summary.total, into: store)
      return nil
    } catch {
      let reason = (error as? StoreError)?.message ?? "\(error)"
      return PipelineFailure(.stopped, "all is loaded, but the run's end could not be noted: \(reason)")
    }
  }

  private static func insert(_ total: ImportSummary.Counts, into store: DocumentStore) throws {
    let finished = ISO8601DateFormatter().string(from: Date())
    try store.withConnection { connection in
      let document = try BSONDocument([
        "_id": .string(UUID().uuidString.lowercased()), "finished": .string(finished),
        "read": .int64(Int64(total.read)), "inserted": .int64(Int64(total.inserted)),
        "replaced": .int64(Int64(total.replaced)), "unchanged": .int64(Int64(total.unchanged)),
        "quarantined": .int64(Int64(total.quarantined)),
      ])
      _ = try connection.insert([document], into: runCollection)
    }
  }
}
