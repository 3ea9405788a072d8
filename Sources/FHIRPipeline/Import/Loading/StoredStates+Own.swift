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
    return try store.withConnection { try own(Array(linked), .appointment, $0) }
  }

  /// Which of these patients are an application's own: they have a chart if it gave them one.
  func ownPatients(
    among ids: [String], _ connection: borrowing StoreConnection
  ) throws -> Set<String> {
    try !ids.isEmpty && hadDocuments(.patient) ? own(ids, .patient, connection) : []
  }

  /// Which of these documents no import wrote.
  private func own(
    _ ids: [String], _ kind: DocumentKind, _ connection: borrowing StoreConnection
  ) throws -> Set<String> {
    let place = place(of: kind)
    var own: Set<String> = []
    try connection.find(ids, at: place, projection: place.stateProjection) { id, _, document in
      if try !StoredState(document).isImported { own.insert(id) }
    }
    return own
  }
}
