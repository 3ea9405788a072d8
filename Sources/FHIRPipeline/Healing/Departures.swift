import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// Appointments that patients and providers had, and may have no longer: one that moved to another patient, or was deleted.
/// Their lists are put right when all is loaded.
///
/// **Invariant:** what a stored appointment loses is noted in the database before the appointment changes, and the note goes
/// when the lists are right. A run that is killed between finds it again.
final class Departures: Sendable {
  static let collection = "fhirline_departures"

  /// A document that lists an appointment.
  struct Owner: Hashable, Sendable {
    let kind: DocumentKind
    let id: String
  }

  private struct State {
    /// Of appointments that the run has several versions of: the owners of all of them.
    var versions: [String: Set<Owner>] = [:]
    /// Those whose versions do not have the same.
    var different: Set<String> = []
  }

  private let source: String
  private let prefix: String
  private let state = Mutex(State())

  init(source: String) {
    self.source = source
    prefix = source.isEmpty ? "" : source + "."
  }

  /// Takes note of the owners that one of several versions of an appointment has.
  func see(_ owners: Set<Owner>, of appointment: String) {
    state.withLock { state in
      guard let known = state.versions[appointment] else {
        state.versions[appointment] = owners
        return
      }
      guard known != owners else { return }
      state.versions[appointment] = known.union(owners)
      state.different.insert(appointment)
    }
  }

  /// Notes who is about to lose an appointment.
  func note(
    _ owners: Set<AppointmentOwner>, of appointment: String, _ connection: borrowing StoreConnection
  ) throws {
    guard !owners.isEmpty else { return }
    let operations = try owners.map { owner in
      let fields: BSONFields = [
        "kind": .string(owner.kind.rawValue), "document": .string(prefix + owner.id),
        "appointment": .string(appointment), "source": .string(source),
      ]
      let id = ContentDigest.text(
        of: "\(source)\n\(owner.kind.rawValue)\n\(prefix + owner.id)\n\(appointment)")
      return WriteOperation.update(
        filter: ["_id": .string(id)], try BSONDocument(["$setOnInsert": .document(fields)]), upsert: true,
        many: false)
    }
    _ = try connection.write(operations, in: Departures.collection)
  }

  // MARK: When all is loaded

  private static let appointmentsPerQuestion = 500

  /// Takes appointments out of the lists of those who do not take part in them any more.
  func settle(_ store: DocumentStore, _ states: StoredStates, _ assembler: DocumentAssembler) throws {
    var notes: [String] = []
    var orders: [Owner: Set<String>] = [:]
    try store.persevering { connection in
      notes = []
      orders = [:]
      try connection.find(["source": .string(source)], in: Departures.collection) { note in
        guard let id = try note.find("_id")?.text, let owner = try note.find("document")?.text,
          let kind = try note.find("kind")?.text.flatMap(DocumentKind.init),
          let appointment = try note.find("appointment")?.text
        else { return }
        notes.append(id)
        orders[Owner(kind: kind, id: owner), default: []].insert(appointment)
      }
    }
    state.withLock { state in
      for appointment in state.different {
        for owner in state.versions[appointment] ?? [] { orders[owner, default: []].insert(appointment) }
      }
    }
    guard !orders.isEmpty else { return }
    let present = try owners(of: Set(orders.values.joined()), store, states, assembler)
    for (owner, appointments) in orders.sorted(by: { ($0.key.kind, $0.key.id) < ($1.key.kind, $1.key.id) }) {
      let gone = appointments.filter { !(present[$0]?.contains(owner) ?? false) }
      guard !gone.isEmpty else { continue }
      for kind in owner.kind == .patient ? [DocumentKind.patient, .chart] : [owner.kind] {
        try remove(gone, from: owner.id, of: kind, store, states, assembler)
      }
    }
    try store.persevering { connection in _ = try connection.delete(ids: notes, from: Departures.collection) }
  }

  /// Who takes part in each of these appointments now.
  private func owners(
    of appointments: Set<String>, _ store: DocumentStore, _ states: StoredStates,
    _ assembler: DocumentAssembler
  ) throws -> [String: Set<Owner>] {
    var owners: [String: Set<Owner>] = [:]
    var rest = appointments.sorted()[...]
    while !rest.isEmpty {
      let some = rest.prefix(Departures.appointmentsPerQuestion)
      rest = rest.dropFirst(some.count)
      try store.persevering { connection in
        try connection.find(ids: some, in: states.collection(of: .appointment)) { document in
          guard let id = try document.find("_id")?.text else { return }
          let draft = try assembler.draft(
            ofStored: [BSONDocument(copying: document)], kind: .appointment, id: id)
          owners[id] = Set(
            try draft.appointmentOwners().map { Owner(kind: $0.kind, id: prefix + $0.id) })
        }
      }
    }
    return owners
  }

  private func remove(
    _ appointments: Set<String>, from id: String, of kind: DocumentKind, _ store: DocumentStore,
    _ states: StoredStates, _ assembler: DocumentAssembler
  ) throws {
    let loader = CollectionLoader(
      place: states.place(of: kind), assembler: assembler, hasTransactions: store.server.hasTransactions,
      counted: { _ in }, refused: { _, _ in })
    try store.persevering { connection in
      _ = try loader.remove([], links: appointments, from: id, of: kind, keepsEmpty: true, connection)
      if kind == .chart, states.layout == .both {
        try ChartMirror(charts: states.place(of: .chart), copies: states.embeddedCharts)
          .update([id], connection)
      }
    }
  }
}
