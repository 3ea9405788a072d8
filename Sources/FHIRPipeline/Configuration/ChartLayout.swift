import BSON
package import DocumentStore
package import FHIRMapping

/// Where charts stand: `documents.chart` in pipeline.yml.
package enum ChartLayout: String, Sendable, CaseIterable {
  /// A collection of their own.
  case collection
  /// A subdocument `patient_chart` of the patient's document; further pages in the charts' collection.
  case embedded
  /// A collection of their own, which counts, and a copy within the patient's document, which is made after it.
  case both

  /// The name of the subdocument.
  package static let field = DocumentKind.chart.rawValue

  /// Refuses a database whose charts this program put elsewhere: they would be there twice.
  package func check(_ store: DocumentStore, _ collections: [DocumentKind: String]) throws {
    func name(_ kind: DocumentKind) -> String { collections[kind] ?? kind.rawValue }
    do {
      let hasOwn = try store.hasDocument(
        ["_fhirline.hash": ["$exists": true], "$nor": [.document(DocumentReader.furtherPages)]],
        in: name(.chart))
      let hasEmbedded = try store.hasDocument(
        ["\(ChartLayout.field)._fhirline.hash": ["$exists": true]], in: name(.patient))
      guard let found = ChartLayout(hasOwn: hasOwn, hasEmbedded: hasEmbedded), found != self else { return }
      // Copies are made after charts: an import that did not come to its end may have made none yet. And one that did may have found
      // something else in the place of each.
      if self == .both, found == .collection,
        try store.hasDocument(
          ["$or": [["finished": ["$exists": false]], ["chart": .string(rawValue)]]],
          in: ImportRun.runCollection)
      {
        return
      }
      throw PipelineFailure(
        .configuration,
        "this database keeps charts as chart: \(found.rawValue), and the configuration says chart: \(rawValue): "
          + "set documents.chart to \(found.rawValue), or export, and import into an empty database")
    } catch let error as StoreError {
      throw PipelineFailure(.connection, error.message)
    }
  }

  /// nil for a database without charts.
  private init?(hasOwn: Bool, hasEmbedded: Bool) {
    switch (hasOwn, hasEmbedded) {
    case (true, true): self = .both
    case (true, false): self = .collection
    case (false, true): self = .embedded
    case (false, false): return nil
    }
  }
}

extension DocumentStore {
  fileprivate func hasDocument(_ filter: BSONFields, in collection: String) throws -> Bool {
    let filter = try BSONDocument(filter)
    return try withConnection { connection in
      var found = false
      try connection.find(filter, in: collection, options: FindOptions(projection: ["_id": 1], limit: 1)) {
        _ in
        found = true
      }
      return found
    }
  }
}
