import BSON
import DocumentStore
import FHIRMapping

/// Charts within their patients' documents: pipeline.yml may want them there, and the platform's first version had them there.
extension ExportRun {
  private var derivedOfCharts: [String] {
    let roles = mappings.plan(.chart).map { DocumentRoles($0) }
    return [roles?.appointments, roles?.last].compactMap { $0 }
  }

  /// Notes a patient whose document holds a chart.
  func noteChart(in patient: BSONView, _ documents: inout Documents) throws {
    guard let chart = try patient.find(string: ChartLayout.field)?.document else { return }
    let id = try DocumentReader.id(of: patient)
    documents.charted.insert(id)
    if try ChartCopy.isChanged(chart) == true {
      documents.changedCopies[id] = try ChartCopy.content(of: chart)
    }
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
      // Who changed the chart as well has nothing to be told.
      let copies = documents.changedCopies
      guard !copies.isEmpty else { return }
      try connection.find(copies.keys.sorted(), at: place) { patient, _, chart in
        if try ChartCopy.content(of: chart, besides: derivedOfCharts) == copies[patient] {
          documents.changedCopies[patient] = nil
        }
      }
    }
    documents.charted.subtract(stored.keys)
    documents.secondCharts = stored
  }
}
