package import BSON

/// Who has an appointment in a list: a patient, or a provider, that takes part in it.
package struct AppointmentOwner: Hashable, Sendable {
  /// `patient` or `provider`.
  package let kind: DocumentKind
  /// The id of the Patient or Practitioner.
  package let id: String

  /// The patients and providers of an Appointment as it stands in a document.
  ///
  /// See http://hl7.org/fhir/R4/appointment-definitions.html#Appointment.participant.actor
  package static func all(of appointment: BSONView) throws -> Set<AppointmentOwner> {
    var owners: Set<AppointmentOwner> = []
    try appointment.find("participant")?.array?.forEachElement { participant in
      guard let text = try participant.document?.find(path: "actor.reference")?.text else { return }
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

  /// Those of one form of an Appointment who do not take part in another form of it.
  static func gone(from before: SharedBytes, to after: SharedBytes?) throws -> Set<AppointmentOwner> {
    let now = try after.map { try all(of: try BSONView($0.pointer)) } ?? []
    return try all(of: try BSONView(before.pointer)).subtracting(now)
  }
}

extension DocumentDraft {
  /// Who takes part in the appointment that the document is.
  package func appointmentOwners() throws -> Set<AppointmentOwner> {
    try root.map { try AppointmentOwner.all(of: try BSONView($0.bytes.pointer)) } ?? []
  }
}
