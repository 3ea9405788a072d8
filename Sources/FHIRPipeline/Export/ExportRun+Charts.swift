import BSON
import DocumentStore
import FHIRMapping

/// Charts within their patients' documents: pipeline.yml may want them there, and the platform's first version had them there.
extension ExportRun {
  /// The `_id` of a patient whose document holds a chart.
  func chartedPatient(_ patient: BSONView) throws -> String? {
    guard try patient.find(string: ChartLayout.field)?.document != nil else { return nil }
    return try DocumentReader.id(of: patient)
  }

  /// Of two charts of a patient the one in the charts' own collection counts: the other is its copy, or out of date.
  func leaveOutStored(_ charted: inout Set<String>, _ store: DocumentStore) throws {
    guard !charted.isEmpty else { return }
    var stored: Set<String> = []
    try store.withConnection { connection in
      try connection.find(
        ids: charted.sorted(), in: collections[.chart] ?? DocumentKind.chart.rawValue, projection: ["_id": 1]
      ) { stored.insert(try DocumentReader.id(of: $0)) }
    }
    charted.subtract(stored)
  }
}
