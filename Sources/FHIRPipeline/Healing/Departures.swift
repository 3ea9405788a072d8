import BSON
import DocumentStore
import FHIRMapping
import Synchronization

/// Appointments that patients and providers had, and may have no longer, or at another time: one that moved to another patient,
/// was deleted, or came in an older version behind a newer one. Their lists are put right when all is loaded.
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

  /// An appointment that the run has several versions of.
  private struct Versions {
    /// The owners of all of them.
    var owners: Set<Owner>
    /// What the lists of its owners would say of its time by one of them.
    let one: [Owner: String]
    /// Whether all say the same.
    var areSame = true
  }

  private struct State {
    var versions: [String: Versions] = [:]
  }

  private let source: String
  private let prefix: String
  private let state = Mutex(State())

  init(source: String) {
    self.source = source
    prefix = source.isEmpty ? "" : source + "."
  }

  /// Takes note of the owners that one of several versions of an appointment has which are loaded, each with its start.
  func see(_ owners: [Owner: String], of appointment: String) {
    state.withLock { state in
      var known = state.versions[appointment] ?? Versions(owners: [], one: owners)
      known.areSame = known.areSame && known.one == owners
      known.owners.formUnion(owners.keys)
      state.versions[appointment] = known
    }
  }

  /// By the appointment: the owners of those that the run has in versions which are not the same.
  var moved: [String: Set<Owner>] {
    state.withLock { $0.versions.filter { !$0.value.areSame }.mapValues(\.owners) }
  }

  /// Notes who is about to lose which appointment.
  func note(
    _ leaving: some Sequence<(owners: Set<AppointmentOwner>, appointment: String)>,
    _ connection: borrowing StoreConnection
  ) throws {
    var operations: [WriteOperation] = []
    for (owners, appointment) in leaving {
      for owner in owners { operations.append(try note(owner, of: appointment)) }
    }
    if !operations.isEmpty { _ = try connection.write(operations, in: Departures.collection) }
  }

  private func note(_ owner: AppointmentOwner, of appointment: String) throws -> WriteOperation {
    var fields: BSONFields = [
      "kind": .string(owner.kind.rawValue), "appointment": .string(appointment), "source": .string(source),
    ]
    let name = owner.name
    if let name { fields["name"] = .string(name) } else { fields["document"] = .string(prefix + owner.id) }
    let id = ContentDigest.text(
      of: "\(source)\n\(owner.kind.rawValue)\n\(name ?? prefix + owner.id)\n\(appointment)")
    return .update(
      filter: ["_id": .string(id)], try BSONDocument(["$setOnInsert": .document(fields)]), upsert: true,
      many: false)
  }

  /// The `_id` of a document that may not be what its resource's id says.
  private func document(_ id: String, _ kind: DocumentKind, _ states: StoredStates) throws -> String {
    try prefix.isEmpty ? states.unfitIDs.text(of: id, kind) : id
  }

  // MARK: When all is loaded

  private static let appointmentsPerQuestion = 500

  /// Takes appointments out of the lists of those who do not take part in them any more; who does has them with their start.
  ///
  /// - Parameter resolver: finds who is named by a business identifier alone.
  func settle(
    _ store: DocumentStore, _ states: StoredStates, _ assembler: DocumentAssembler,
    _ resolver: ReferenceResolver
  ) throws {
    var notes: [String] = []
    var orders: [Owner: Set<String>] = [:]
    try store.persevering { connection in
      notes = []
      orders = [:]
      try connection.find(["source": .string(source)], in: Departures.collection) { note in
        guard let id = try note.find("_id")?.text,
          let kind = try note.find("kind")?.text.flatMap(DocumentKind.init),
          let appointment = try note.find("appointment")?.text
        else { return }
        notes.append(id)
        let named = try note.find("name")?.text.flatMap { resolver.target(named: $0) }
        guard let document = try note.find("document")?.text ?? named.map({ prefix + $0.id }) else { return }
        let owner = try self.document(document, kind, states)
        orders[Owner(kind: kind, id: owner), default: []].insert(appointment)
      }
    }
    for (appointment, owners) in moved {
      for owner in owners { orders[owner, default: []].insert(appointment) }
    }
    guard !orders.isEmpty else { return }
    let present = try owners(of: Set(orders.values.joined()), store, states, assembler, resolver)
    for (owner, appointments) in orders.sorted(by: { ($0.key.kind, $0.key.id) < ($1.key.kind, $1.key.id) }) {
      let gone = appointments.filter { !(present[$0]?.owners.contains(owner) ?? false) }
      let links = appointments.subtracting(gone).sorted().map { id in
        AppointmentLink(id: id, start: present[id]?.start ?? "")
      }
      for kind in owner.kind == .patient ? [DocumentKind.patient, .chart] : [owner.kind] {
        if !gone.isEmpty { try remove(gone, from: owner.id, of: kind, store, states, assembler) }
        if !links.isEmpty { try add(links, to: owner.id, of: kind, store, states, assembler) }
      }
    }
    try store.persevering { connection in _ = try connection.delete(ids: notes, from: Departures.collection) }
  }

  private typealias Present = (owners: Set<Owner>, start: String)

  /// Who takes part in each of these appointments now, and when it begins.
  private func owners(
    of appointments: Set<String>, _ store: DocumentStore, _ states: StoredStates,
    _ assembler: DocumentAssembler, _ resolver: ReferenceResolver
  ) throws -> [String: Present] {
    var owners: [String: Present] = [:]
    var rest = appointments.sorted()[...]
    while !rest.isEmpty {
      let some = rest.prefix(Departures.appointmentsPerQuestion)
      rest = rest.dropFirst(some.count)
      try store.persevering { connection in
        try connection.find(ids: some, in: states.collection(of: .appointment)) { document in
          guard let id = try document.find("_id")?.text else { return }
          let draft = try assembler.draft(
            ofStored: [BSONDocument(copying: document)], kind: .appointment, id: id)
          let now = Set(
            try draft.appointmentOwners().compactMap { owner -> Owner? in
              let id = owner.name.map { resolver.target(named: $0)?.id } ?? owner.id
              guard let id else { return nil }
              return Owner(kind: owner.kind, id: try self.document(prefix + id, owner.kind, states))
            })
          owners[id] = (now, try draft.appointmentStart())
        }
      }
    }
    return owners
  }

  /// Has a document list appointments with their start, where it does not.
  private func add(
    _ links: [AppointmentLink], to id: String, of kind: DocumentKind, _ store: DocumentStore,
    _ states: StoredStates, _ assembler: DocumentAssembler
  ) throws {
    var parts = PartBuffer()
    for link in links { parts.append(link: link, of: kind, id, sequence: 0) }
    let document = try assembler.assemble(kind: kind, id: id, parts: parts.list())
    try store.persevering { connection in try states.add([document], of: kind, assembler, connection) }
  }

  private func remove(
    _ appointments: Set<String>, from id: String, of kind: DocumentKind, _ store: DocumentStore,
    _ states: StoredStates, _ assembler: DocumentAssembler
  ) throws {
    var loader = CollectionLoader(reading: kind, states, assembler)
    let copies = CopiedCharts(kind, states, assembler)
    copies.attend(to: &loader)
    try store.persevering { connection in
      let keepsEmpty = try states.keepsEmpty(id, kind, connection)
      _ = try loader.remove(
        [], links: appointments, from: id, of: kind, keepsEmpty: keepsEmpty, connection)
      states.tell(try copies.update([id], connection))
    }
  }
}

extension AppointmentOwner {
  /// What one is called who is named by a business identifier alone.
  var name: String? {
    identifier.map { identifier in
      TargetIndex.identifierName(
        type: kind == .patient ? "Patient" : "Practitioner", system: identifier.system,
        value: identifier.value)
    }
  }
}
