import BSON

/// What R4 wants of an Appointment and the platform does not store.
///
/// See http://hl7.org/fhir/R4/appointment.html#invs: app-2 wants start and end together, app-3 wants both unless the status
/// is proposed, cancelled or waitlist.
extension DocumentPlan {
  /// Says of an end that it was made of a start and the default duration.
  static let assumedEnd = "https://fhirline.dev/StructureDefinition/assumed-end"
  static let withoutTime: Set<String> = [statusWithoutTime, "cancelled", "waitlist"]
  /// Used where a status wants a start and none is known; the status that is meant is kept beside it.
  static let statusWithoutTime = "proposed"

  /// Whether an appointment has its status only because the one that is meant wants a start, and it has none.
  static func isWaiting(status: BSONValue, for meant: BSONValue?, in appointment: BSONValue) -> Bool {
    guard status.text == statusWithoutTime, let meant = meant?.text else { return false }
    return appointment["start"] == nil && !withoutTime.contains(meant)
  }

  /// Brings the end of a visit in line with a start that the document gave it: one that lies within the visit's time may be its
  /// start alone, with any other the visit moved.
  ///
  /// - Parameter before: the resource as it was; an end that it had, or lacked, stays so unless the start moved.
  func completeVisit(_ appointment: inout BSONValue, before: BSONValue, _ context: FieldPlan.Context) {
    guard let start = appointment["start"]?.text, let from = DateText(start)?.instant,
      before["start"]?.text.flatMap({ DateText($0)?.instant }) != from
    else { return }
    let assumed = Int64(defaultMinutes ?? 30) * 60_000
    guard let oldEnd = before["end"]?.text.flatMap({ DateText($0)?.instant }) else {
      // What came with no end keeps none; what never had a start gets both.
      if before["start"] == nil { setEnd(of: &appointment, from.milliseconds + assumed, context) }
      return
    }
    let oldStart = before["start"]?.text.flatMap { DateText($0)?.instant }
    let isWithin = from < oldEnd && oldStart.map { $0 <= from } ?? true
    guard !isWithin || DocumentPlan.hasAssumedEnd(before) else { return }
    let duration = oldStart.map { oldEnd.milliseconds - $0.milliseconds } ?? assumed
    let end = from.milliseconds + (duration > 0 ? duration : assumed)
    let zone = before["end"]?.text.flatMap { DateText($0) }
    let offset = zone?.offsetMinutes ?? 0
    appointment[existing: "end"] = .string(
      Instant(milliseconds: min(end, Instant.last(offsetMinutes: offset)))
        .text(offsetMinutes: offset, isZulu: zone?.isZulu ?? true))
  }

  /// Gives an appointment an end, and says that it was made.
  func setEnd(of appointment: inout BSONValue, _ milliseconds: Int64, _ context: FieldPlan.Context) {
    guard var fields = appointment.fields, let root else { return }
    let end = Instant(milliseconds: min(milliseconds, Instant.last(offsetMinutes: 0)))
    fields.insert(.string(end.text), name: "end", of: root.type, table: context.table)
    let mark = BSONValue.object([("url", .string(DocumentPlan.assumedEnd)), ("valueBoolean", true)])
    if let at = fields.fields.firstIndex(where: { $0.key == "end" }), fields["_end"] == nil {
      fields.fields.insert(.init("_end", .object([("extension", .array([mark]))])), at: at + 1)
    }
    appointment = .document(fields)
  }

  private static func hasAssumedEnd(_ appointment: BSONValue) -> Bool {
    (appointment["_end"]?["extension"]?.listItems ?? []).contains { $0["url"]?.text == assumedEnd }
  }
}

extension BSONValue {
  /// Sets a member that is there.
  subscript(existing member: String) -> BSONValue? {
    get { fields?[member] }
    set {
      guard var inner = fields else { return }
      inner[member] = newValue
      self = .document(inner)
    }
  }
}
