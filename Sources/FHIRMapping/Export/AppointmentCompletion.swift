import BSON
import FHIRModel
import FHIRPath

/// Keeps an Appointment that is made of a document's fields, or changed by them, to what R4 wants of one.
///
/// See http://hl7.org/fhir/R4/appointment.html#invs: app-1 (a participant has a type or an actor), app-2 (start and end
/// together), app-3 (both unless the status is proposed, cancelled or waitlist), app-4 (a reason for cancellation only where
/// it was cancelled; R4 means to allow it where it was missed, too, but its expression spells that status otherwise).
struct AppointmentCompletion {
  private(set) var notes: [(field: String, reason: String)] = []
  private let plan: DocumentPlan
  private let type: TypeID
  private let context: FieldPlan.Context

  init?(_ plan: DocumentPlan, _ context: FieldPlan.Context) {
    guard plan.kind == .appointment, let root = plan.root else { return nil }
    self.plan = plan
    type = root.type
    self.context = context
  }

  /// Completes an Appointment that is made of fields alone.
  mutating func complete(new appointment: inout BSONValue, _ stored: StoredFields) {
    startAsScheduled(&appointment, stored)
    complete(&appointment, changed: ["status", "start", "participant"])
  }

  /// - Parameter changed: the elements that fields changed; rules that others break are not theirs to mend.
  mutating func complete(_ appointment: inout BSONValue, changed: Set<String>) {
    if changed.contains("status") || changed.contains("start") { completeStatus(&appointment) }
    if changed.contains("status") { completeReason(&appointment) }
    let needsTime = !DocumentPlan.withoutTime.contains(appointment["status"]?.text ?? "")
    if changed.contains("start") || changed.contains("status") && needsTime { completeTime(&appointment) }
    if changed.contains("participant") { completeParticipants(&appointment) }
  }

  // MARK: Fields

  /// The name of the field that stands for an element of the resource.
  private func fieldName(_ element: String) -> String { field(element)?.name ?? element }

  private func field(_ element: String) -> FieldPlan? {
    plan.fields.first { $0.rootSource?.path.segments.map(\.child.name) == [element] }
  }

  private mutating func note(_ element: String, _ reason: String) {
    notes.append((fieldName(element), reason))
  }

  private func set(_ name: String, _ value: BSONValue?, in appointment: inout BSONValue) {
    guard var fields = appointment.fields else { return }
    if let value {
      fields.insert(value, name: name, of: type, table: context.table)
    } else {
      fields[name] = nil
      fields["_" + name] = nil
    }
    appointment = .document(fields)
  }

  // MARK: Status and time

  /// No visit is known: what was scheduled is its start.
  private mutating func startAsScheduled(_ appointment: inout BSONValue, _ stored: StoredFields) {
    guard appointment["start"] == nil, let text = appointment["created"]?.text, let date = DateText(text)
    else { return }
    set("created", nil, in: &appointment)
    set("start", .string(date.precision == .time ? text : date.instant.text), in: &appointment)
    // A date of MongoDB has a time, if it be midnight; a text may have none.
    if date.precision < .time, stored.values[fieldName("created")]?.text != nil {
      note(
        "created",
        "has no time of day, and a visit's start wants one: the first moment of it in UTC was taken")
    }
  }

  private mutating func completeStatus(_ appointment: inout BSONValue) {
    let hasStart = appointment["start"]?.text != nil
    guard let status = appointment["status"]?.text else {
      let assumed = hasStart ? "booked" : DocumentPlan.statusWithoutTime
      set("status", .string(assumed), in: &appointment)
      note("status", "is missing, and R4 wants a status: \(assumed) is used")
      return
    }
    guard let field = field("status"), let transform = field.transform, let beside = field.beside else {
      return
    }
    let kept = beside.addresses(in: appointment).first
    if hasStart, status == DocumentPlan.statusWithoutTime, let kept, let word = appointment[kept],
      let meant = transform.write(word, over: nil), !DocumentPlan.withoutTime.contains(meant.text ?? "")
    {
      // A status that waited for a start has one now.
      set("status", meant, in: &appointment)
      if transform.read(meant) == word { appointment.remove(at: kept) }
    } else if !hasStart, !DocumentPlan.withoutTime.contains(status) {
      set("status", .string(DocumentPlan.statusWithoutTime), in: &appointment)
      if kept == nil, let word = transform.read(.string(status)) {
        beside.create(word, in: &appointment, table: context.table)
      }
      note(
        "start",
        "is missing, and R4 wants a start for the status \(status): proposed is used, and the word kept")
    }
  }

  private mutating func completeReason(_ appointment: inout BSONValue) {
    if appointment["cancelationReason"] != nil,
      appointment["status"]?.text != "cancelled"
    {
      set("cancelationReason", nil, in: &appointment)
      note("status", "does not go with a reason for cancellation (app-4): the reason was left out")
    }
  }

  private func completeTime(_ appointment: inout BSONValue) {
    guard let start = appointment["start"]?.text else {
      if appointment["end"] != nil { set("end", nil, in: &appointment) }
      return
    }
    guard appointment["end"] == nil, let from = DateText(start)?.instant else { return }
    plan.setEnd(of: &appointment, from.milliseconds + Int64(plan.defaultMinutes ?? 30) * 60_000, context)
  }

  // MARK: Participants

  private mutating func completeParticipants(_ appointment: inout BSONValue) {
    var participants = appointment["participant"]?.listItems ?? []
    for index in participants.indices where participants[index]["status"] == nil {
      guard var participant = participants[index].fields, participant["_status"] == nil else { continue }
      participant["status"] = "accepted"
      participants[index] = .document(participant)
    }
    if participants.isEmpty {
      // R4 wants one, with a type or an actor (app-1).
      participants = [
        .object([("type", .array([.object([("text", "patient")])])), ("status", "needs-action")])
      ]
      notes.append(
        ("patient_id", "is missing, as is provider_id: a participant that nobody is known of stands for them")
      )
    }
    set("participant", .array(participants), in: &appointment)
  }
}
