import BSON
import FHIRMapping
import FHIRModel

/// An appointment made of an Encounter, for platforms that had no appointments before: Synthea writes none.
///
/// Its document is marked as derived by its key, and is not exported: the Encounter itself is.
struct EncounterAppointment {
  /// What stands in place of the type in the key of a derived appointment.
  static let type = DocumentReader.derivedAppointment

  /// The appointment's id: the same for an Encounter in every run.
  let id: String
  /// The Appointment in the form in which resources are stored.
  let resource: BSONFields
  let start: String
  let patient: TargetIndex.Target
  let provider: TargetIndex.Target?

  /// - Parameter classes: codes of `Encounter.class` that become appointments.
  /// - Returns: nil for an Encounter of another class, of no known patient, or of no known time.
  init?(
    _ tree: ResourceTree, node: Int, id: String, classes: Set<String>, resolver: ReferenceResolver
  ) {
    let names = KnownNames.r4
    guard let encounterClass = tree.child("class", of: node),
      let code = tree.child("code", of: encounterClass),
      classes.contains(tree.string(at: code)),
      let subject = tree.child("subject", of: node),
      let patient = resolver.target(of: subject, ofType: "Patient", in: tree),
      let period = tree.child("period", of: node), let start = tree.child(names.start, of: period)
    else { return nil }
    self.id = DocumentID.fhirID("encounter-" + id)
    self.patient = patient
    self.start = tree.string(at: start)
    var provider: TargetIndex.Target?
    for participant in tree.children(of: node) where tree.nodes[participant].name == names.participant {
      guard provider == nil, let individual = tree.child("individual", of: participant),
        let target = resolver.target(of: individual, ofType: "Practitioner", in: tree)
      else { continue }
      provider = target
    }
    self.provider = provider
    let status = tree.child("status", of: node).map { tree.string(at: $0) } ?? ""
    var fields: BSONFields = [
      "resourceType": "Appointment", "id": .string(self.id), "status": .string(Self.status(status)),
      "start": .string(self.start),
    ]
    if let end = tree.child("end", of: period) { fields["end"] = .string(tree.string(at: end)) }
    let actors = [patient.key] + (provider.map { [$0.key] } ?? [])
    fields["participant"] = .array(
      actors.map { ["actor": ["reference": .string($0)], "status": "accepted"] })
    resource = fields
  }

  /// See http://hl7.org/fhir/R4/valueset-encounter-status.html
  private static func status(_ encounter: String) -> String {
    switch encounter {
    case "finished": "fulfilled"
    case "arrived", "triaged", "in-progress", "onleave": "arrived"
    case "cancelled": "cancelled"
    case "entered-in-error": "entered-in-error"
    case "planned": "booked"
    default: "pending"
    }
  }
}

extension ResourceTree {
  fileprivate func child(_ name: String, of node: Int) -> Int? {
    DefinitionTable.r4.nameID(name).flatMap { child($0, of: node) }
  }
}
