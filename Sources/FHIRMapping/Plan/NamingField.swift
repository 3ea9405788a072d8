package import BSON
import FHIRPath

/// A field that says what others may call a document's own resource: its identifier of a system, as
/// `identifier.where(system = 'http://hl7.org/fhir/sid/us-npi').value` does.
package struct NamingField: Hashable, Sendable {
  package let kind: DocumentKind
  /// The type of the document's own resource.
  package let type: String
  package let system: String
  /// What the field is called.
  package let name: String

  /// nil for a field that maps something else.
  init?(_ field: FieldPlan, of plan: DocumentPlan) {
    guard let root = plan.root, let path = field.rootSource?.path.segments, path.count == 2,
      path[0].child.name == "identifier", path[1].child.name == "value", path[1].conditions.isEmpty,
      path[0].conditions.count == 1, let condition = path[0].conditions.first,
      condition.path.map(\.name) == ["system"], case .string(let system) = condition.value
    else { return nil }
    kind = plan.kind
    type = root.name
    self.system = system
    name = field.name
  }

  /// What the field may hold where the resource has an identifier: drift made numbers of some.
  package static func values(_ text: String) -> [BSONValue] {
    guard let number = Int64(text), String(number) == text else { return [.string(text)] }
    return [.string(text), .int64(number)]
  }
}

extension DocumentPlan {
  /// Who a stored document's own resource is, and its identifiers, with what the fields say; nil where it has none.
  ///
  /// - Parameter prefix: what the source's documents have before their ids.
  package func identity(
    of document: BSONView, prefix: String
  ) throws -> (id: String, identifiers: [(system: String?, value: String)])? {
    let id = try DocumentReader.id(of: document)
    let restored = try RestoredDocument(document, id: id, holder: id, plan: self, prefix: prefix)
    guard let root = restored.root else { return nil }
    let identifiers = (root["identifier"]?.elements ?? []).compactMap { item in
      item["value"]?.text.map { (item["system"]?.text, $0) }
    }
    return (restored.rootID, identifiers)
  }
}
