import BSON
import FHIRModel
import FHIRPath

/// The root of a document that never came from FHIR, made of its fields alone.
struct NativeRoot {
  private(set) var resource: BSONValue
  private(set) var notes: [(field: String, reason: String)] = []

  /// - Parameter id: the document's `_id` as text.
  init?(_ plan: DocumentPlan, id: String, stored: StoredFields) {
    guard let root = plan.root else { return nil }
    let context = stored.context
    let fhirID = DocumentID.fhirID(id)
    var fields: BSONFields = ["resourceType": .string(root.name)]
    fields.insert(.string(fhirID), name: "id", of: root.type, table: context.table)
    if fhirID != id {
      // The id as it was, where FHIR's grammar does not let it be one.
      let identifier = BSONValue.object([
        ("system", "https://fhirline.dev/NamingSystem/document-id"), ("value", .string(id)),
      ])
      fields.insert(.array([identifier]), name: "identifier", of: root.type, table: context.table)
    }
    resource = .document(fields)
    for field in plan.fields {
      guard let source = field.rootSource, let value = stored.values[field.name] else { continue }
      if !field.write(value, into: &resource, source, context) {
        notes.append((field.name, "cannot be written into \(root.name)"))
      }
    }
    if plan.kind == .appointment { completeAppointment(plan, root.type, context) }
  }

  // MARK: Appointments

  private mutating func completeAppointment(
    _ plan: DocumentPlan, _ type: TypeID, _ context: FieldPlan.Context
  ) {
    guard var fields = resource.fields else { return }
    if fields["start"] == nil, let text = fields["created"]?.text, let date = DateText(text) {
      // No visit is known: what was scheduled is its start.
      fields["created"] = nil
      fields.insert(.string(date.instant.text), name: "start", of: type, table: context.table)
    }
    let start = fields["start"]?.text.flatMap { DateText($0)?.instant }
    if fields["status"] == nil {
      fields.insert(
        .string(start == nil ? "proposed" : "booked"), name: "status", of: type, table: context.table)
      notes.append(("disposition", "is missing: the status is \(start == nil ? "proposed" : "booked")"))
    }
    resource = .document(fields)
    if let start {
      let minutes = Int64(plan.defaultMinutes ?? 30)
      plan.setEnd(of: &resource, start.milliseconds + minutes * 60_000, context)
    } else if let status = resource["status"]?.text, !DocumentPlan.withoutTime.contains(status) {
      keepWithoutTime(status, plan, context)
    }
    completeParticipants(type, context)
  }

  /// R4 wants a start for this status (app-3), and none is known: the word is kept, the status says less.
  private mutating func keepWithoutTime(_ status: String, _ plan: DocumentPlan, _ context: FieldPlan.Context)
  {
    resource[existing: "status"] = "proposed"
    let field = plan.fields.first { $0.beside != nil }
    if let field, let beside = field.beside, beside.addresses(in: resource).isEmpty,
      let word = field.transform?.read(.string(status))
    {
      beside.create(word, in: &resource, table: context.table)
    }
    notes.append(
      (
        "date_of_visit",
        "is missing, and R4 wants a start for the status \(status): proposed is used, and the word kept"
      ))
  }

  private mutating func completeParticipants(_ type: TypeID, _ context: FieldPlan.Context) {
    guard var fields = resource.fields else { return }
    var participants = fields["participant"]?.listItems ?? []
    for index in participants.indices where participants[index]["status"] == nil {
      var participant = participants[index].fields ?? BSONFields()
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
    fields.insert(.array(participants), name: "participant", of: type, table: context.table)
    resource = .document(fields)
  }
}
