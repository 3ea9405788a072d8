package import BSON

/// Who has an appointment in a list: a patient, or a provider, that takes part in it.
package struct AppointmentOwner: Hashable, Sendable {
  /// `patient` or `provider`.
  package let kind: DocumentKind
  /// The id of the Patient or Practitioner; empty for one that is named by a business identifier alone.
  package let id: String
  /// The identifier by which one is named who has no other name.
  ///
  /// See http://hl7.org/fhir/R4/references.html#logical
  package var identifier: Identifier?

  package struct Identifier: Hashable, Sendable {
    package let system: String?
    package let value: String
  }

  /// The patients and providers of an Appointment as it stands in a document.
  ///
  /// See http://hl7.org/fhir/R4/appointment-definitions.html#Appointment.participant.actor
  package static func all(of appointment: BSONView) throws -> Set<AppointmentOwner> {
    var owners: Set<AppointmentOwner> = []
    try appointment.find("participant")?.array?.forEachElement { participant in
      guard let actor = try participant.document?.find("actor")?.document else { return }
      guard let text = try actor.find("reference")?.text else {
        return owners.formUnion(try named(by: actor))
      }
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count >= 2, !parts[1].isEmpty else { return }
      switch parts[0] {
      case "Patient": owners.insert(AppointmentOwner(kind: .patient, id: String(parts[1])))
      case "Practitioner": owners.insert(AppointmentOwner(kind: .provider, id: String(parts[1])))
      default: break
      }
    }
    return owners
  }

  /// Whom a logical reference may mean.
  private static func named(by actor: BSONView) throws -> [AppointmentOwner] {
    guard let identifier = try actor.find("identifier")?.document,
      let value = try identifier.find("value")?.text, !value.isEmpty
    else { return [] }
    let name = Identifier(system: try identifier.find("system")?.text, value: value)
    let type = try actor.find("type")?.text
    return [("Patient", DocumentKind.patient), ("Practitioner", .provider)].compactMap { known, kind in
      type == nil || type == known ? AppointmentOwner(kind: kind, id: "", identifier: name) : nil
    }
  }

  /// Those of one form of an Appointment who do not take part in another form of it.
  static func gone(from before: SharedBytes, to after: SharedBytes?) throws -> Set<AppointmentOwner> {
    let now = try after.map { try all(of: try BSONView($0.pointer)) } ?? []
    return try all(of: try BSONView(before.pointer)).subtracting(now)
  }
}

extension DocumentDraft {
  /// When the appointment begins that the document is, as lists of it say.
  package func appointmentStart() throws -> String {
    try root.flatMap { try BSONView($0.bytes.pointer).find("start")?.text } ?? ""
  }

  /// Who takes part in the appointment that the document is.
  package func appointmentOwners() throws -> Set<AppointmentOwner> {
    try root.map { try AppointmentOwner.all(of: try BSONView($0.bytes.pointer)) } ?? []
  }
}
