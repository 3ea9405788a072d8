package import BSON
package import FHIRModel

/// Turns stored documents back into the resources that they hold.
package struct DocumentReader: Sendable {
  /// A resource read from a document.
  package struct Resource {
    package let tree: ResourceTree
    /// The resource's id, its own or the one it was given at import.
    package let id: String
  }

  private let decoder: ResourceDecoder

  package init(mappings: MappingSet, references: ResourceDecoder.References) {
    decoder = ResourceDecoder(references: references)
  }

  /// Lends every resource of a document (of one of its pages), the root first.
  ///
  /// - Parameter note: takes a field that could not be carried, and why.
  package func read(
    _ document: BSONView, kind: DocumentKind, _ body: (Resource) throws -> Void,
    note: (_ field: String, _ reason: String) -> Void
  ) throws {
    if let residual = try document.find("fhir")?.document {
      let id = try document.find("_id")?.text ?? ""
      try body(
        Resource(
          tree: try decoder.decode(residual), id: kind == .resource ? DocumentReader.id(ofKey: id) : id))
    }
    try document.forEachElement { element in
      guard let items = element.array else { return }
      try items.forEachElement { item in
        guard let resource = item.document, try resource.find("resourceType") != nil else { return }
        let key = try resource.find(path: "_fhirline.key")?.text
        let id = try resource.find("id")?.text ?? key.map(DocumentReader.id(ofKey:)) ?? ""
        try body(Resource(tree: try decoder.decode(resource), id: id))
      }
    }
  }

  /// The id in `Type/id`.
  private static func id(ofKey key: String) -> String { String(key.drop { $0 != "/" }.dropFirst()) }
}
