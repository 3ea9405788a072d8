package import BSON
import FHIRPath

/// What the fields of a document are called that tell of its relations and of the course of a visit.
///
/// They are found by what they map, so that a field that was renamed in its mapping file keeps its role.
package struct DocumentRoles: Sendable {
  /// The derived list of appointments.
  package var appointments: String?
  /// The derived last appointment.
  package var last: String?
  package var patient: String?
  package var provider: String?
  package var visit: String?
  package var scheduled: String?
  package var npi: String?
  package var name: String?
  package var birthDate: String?
  package var insurance: String?
  let disposition: FieldPlan?
  package let billing: String?

  package init(_ plan: DocumentPlan) {
    func name(where test: (FieldPlan) -> Bool) -> String? { plan.fields.first(where: test)?.name }
    func path(_ text: String) -> (FieldPlan) -> Bool {
      { $0.sources.count == 1 && $0.rootSource?.path.text == text }
    }
    appointments = name { $0.derived == .appointments }
    last = name { $0.derived == .lastAppointment }
    npi = name { $0.transform is NPITransform }
    self.name = name { $0.transform is HumanNameTransform }
    birthDate = name(where: path("birthDate"))
    insurance = name { $0.sources.first?.path.text == "subscriberId" }
    let isVisit = plan.kind == .appointment
    patient = isVisit ? name { ($0.transform as? ReferenceTransform)?.discriminator == "Patient/" } : nil
    provider =
      isVisit ? name { ($0.transform as? ReferenceTransform)?.discriminator == "Practitioner/" } : nil
    visit = isVisit ? name(where: path("start")) : nil
    scheduled = isVisit ? name(where: path("created")) : nil
    disposition = isVisit ? plan.fields.first(where: path("status")) : nil
    billing = isVisit ? name { $0.sources.first?.path.text.contains("billing-disposition") ?? false } : nil
  }

  /// Whether an appointment's disposition says that it was cancelled or missed.
  package func isNotHeld(_ document: BSONView) throws -> Bool {
    guard let disposition, let transform = disposition.transform,
      let element = try document.find(string: disposition.name),
      case .some(let word) = disposition.understand(try BSONValue(element)).value,
      // A word that stands for no code exactly ("rescheduled") comes back as another.
      let code = transform.write(word, over: nil), transform.read(code) == word
    else { return false }
    return code.text == "cancelled" || code.text == "noshow"
  }

  /// When an appointment takes place; one of which no visit is known, and that never came from FHIR, when it was scheduled.
  package func moment(of document: BSONView) throws -> StoredMoment? {
    if let visit, let moment = try document.find(string: visit).flatMap(StoredMoment.init) { return moment }
    guard let scheduled, try document.find("_fhirline") == nil else { return nil }
    return try document.find(string: scheduled).flatMap(StoredMoment.init)
  }

  package func isBilled(_ document: BSONView) throws -> Bool {
    guard let billing, let word = try document.find(string: billing)?.text else { return false }
    return BSONValue.string(word).trimmedText?.lowercased() == "billed"
  }
}

/// A date or text of a document as a moment.
package struct StoredMoment: Sendable {
  /// Since 1970 in UTC.
  package let milliseconds: Int64
  /// Days since 1970, in the text's own zone.
  package let day: Int64
  /// Whether a time of day is known; a date at midnight has none.
  package let hasTime: Bool

  /// nil for what is no date, and no text of one.
  package init?(_ element: BSONElement) {
    if let date = element.date {
      milliseconds = date
      day = date.dividedFloor(by: 86_400_000)
      hasTime = day &* 86_400_000 != date
    } else if let text = element.text.flatMap({ BSONValue.string($0).trimmedText }),
      let date = DateText(drift: text)
    {
      milliseconds = date.instant.milliseconds
      day = (milliseconds + Int64(date.offsetMinutes ?? 0) * 60_000).dividedFloor(by: 86_400_000)
      hasTime = date.precision == .time
    } else {
      return nil
    }
  }

  /// Whether this is certainly the earlier: by the day where one of the two has no time.
  package func isBefore(_ other: StoredMoment) -> Bool {
    hasTime && other.hasTime ? milliseconds < other.milliseconds : day < other.day
  }
}
