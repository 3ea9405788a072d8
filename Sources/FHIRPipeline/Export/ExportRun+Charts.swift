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

  /// Of two charts of a patient the one in the charts' own collection counts: the other is its copy, or is told.
  func leaveOutStored(_ documents: inout Documents, _ unfitIDs: UnfitIDs, _ store: DocumentStore) throws {
    guard !documents.charted.isEmpty else { return }
    // Under whatever `_id` an application keeps it, as an import finds it.
    var place = DocumentPlace(collection: collections[.chart] ?? DocumentKind.chart.rawValue)
    place.hasOtherIDs = true
    place.unfitIDs = unfitIDs.of(.chart)
    place.owner = DocumentPlace.chartOwner
    // Copies are there where an import made them, and with them the index.
    let index = StoredCollections.ownerIndex
    var stored: [String: String] = [:]
    try store.withConnection { connection in
      place.hasOwners = try connection.hasIndex(index, on: place.collection)
      try connection.find(documents.charted.sorted(), at: place, projection: ["_fhirline.hash": 1]) {
        patient, _, chart in
        stored[patient] = try chart.find(path: "_fhirline.hash")?.text ?? ""
      }
    }
    documents.charted.subtract(stored.keys)
    documents.secondCharts = stored
  }
}
