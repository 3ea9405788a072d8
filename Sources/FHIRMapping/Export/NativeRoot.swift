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
    var fields: BSONFields = ["resourceType": .string(root.name)]
    fields.insert(.string(DocumentID.fhirID(id)), name: "id", of: root.type, table: context.table)
    if let identifier = DocumentID.identifier(id) {
      fields.insert(.array([identifier]), name: "identifier", of: root.type, table: context.table)
    }
    resource = .document(fields)
    for field in plan.fields {
      guard let source = field.rootSource, let value = stored.values[field.name] else { continue }
      if !field.write(value, into: &resource, source, context) {
        notes.append((field.name, "cannot be written into \(root.name)"))
      }
    }
    if var completion = AppointmentCompletion(plan, context) {
      completion.complete(new: &resource, stored)
      notes += completion.notes
    }
  }
}
