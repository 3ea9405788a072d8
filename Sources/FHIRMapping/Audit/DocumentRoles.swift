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
  package var visit: String? { visitField?.name }
  private let visitField: FieldPlan?
  private let scheduledField: FieldPlan?
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
    visitField = isVisit ? plan.fields.first(where: path("start")) : nil
    scheduledField = isVisit ? plan.fields.first(where: path("created")) : nil
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
    if let visit = try visitMoment(of: document) { return visit }
    return try document.find("_fhirline") == nil ? scheduledMoment(of: document) : nil
  }

  package func visitMoment(of document: BSONView) throws -> StoredMoment? {
    try visitField.flatMap { field in try StoredMoment(field, of: document) }
  }

  package func scheduledMoment(of document: BSONView) throws -> StoredMoment? {
    try scheduledField.flatMap { field in try StoredMoment(field, of: document) }
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

  /// nil for what export takes for no date, and no text of one.
  init?(_ field: FieldPlan, of document: BSONView) throws {
    guard let element = try document.find(string: field.name) else { return nil }
    let value = try BSONValue(element)
    // A date that FHIR could not say, such as the year 10000 in which 9999 ends west of Greenwich, is a moment all the same.
    switch field.understand(value).value ?? value {
    case .date(let date):
      milliseconds = date
      day = date.dividedFloor(by: 86_400_000)
      hasTime = day &* 86_400_000 != date
    case .string(let text):
      guard let date = DateText(text) else { return nil }
      milliseconds = date.instant.milliseconds
      day = (milliseconds + Int64(date.offsetMinutes ?? 0) * 60_000).dividedFloor(by: 86_400_000)
      hasTime = date.precision == .time
    default: return nil
    }
  }

  /// Whether this is certainly the earlier: by the day where one of the two has no time.
  package func isBefore(_ other: StoredMoment) -> Bool {
    hasTime && other.hasTime ? milliseconds < other.milliseconds : day < other.day
  }
}
