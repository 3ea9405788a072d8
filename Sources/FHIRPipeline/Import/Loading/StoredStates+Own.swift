import DocumentStore
import FHIRMapping

/// What an application made by itself: an import that says nothing new of it leaves it as it is, and makes nothing beside it.
extension StoredStates {
  /// Which of the appointments that documents of a kind are to list are an application's own: these it lists as it likes.
  func ownAppointments(in documents: some Sequence<Assembly>, _ kind: DocumentKind) throws -> Set<String> {
    guard kind == .patient || kind == .chart || kind == .provider, try hadDocuments(.appointment) else {
      return []
    }
    var linked: Set<String> = []
    for document in documents { linked.formUnion(try document.linked) }
    guard !linked.isEmpty else { return [] }
    let place = place(of: .appointment)
    return try store.withConnection { connection in
      var own: Set<String> = []
      try connection.find(Array(linked), at: place, projection: place.stateProjection) { id, _, document in
        if try !StoredState(document).isImported { own.insert(id) }
      }
      return own
    }
  }

  /// Which of these patients are an application's own: they have a chart if it gave them one.
  func ownPatients(
    among ids: [String], _ connection: borrowing StoreConnection
  ) throws -> Set<String> {
    guard !ids.isEmpty, try hadDocuments(.patient) else { return [] }
    let place = place(of: .patient)
    var own: Set<String> = []
    try connection.find(ids, at: place, projection: place.stateProjection) { id, _, document in
      if try !StoredState(document).isImported { own.insert(id) }
    }
    return own
  }
}
