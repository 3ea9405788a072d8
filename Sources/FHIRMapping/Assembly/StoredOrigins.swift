package import BSON

/// A resource in a stored document, and where it came from.
package struct StoredResource: Sendable {
  /// `Observation/1`
  package var key: String
  /// nil for the document's own resource.
  package var section: String?
  package var origin: Origin
  /// Digest of the resource: of the root as it was imported, of an item as it stands.
  package var hash: String
}

extension DocumentAssembler {
  /// Hands over the resources of a stored document, given with all its pages, in the order of their sections and keys.
  ///
  /// - Parameter key: of the only one that is asked for; nil for all.
  package static func forEachResource(
    ofStored pages: [BSONDocument], kind: DocumentKind, id: String, key: String? = nil,
    _ body: (StoredResource) throws -> Void
  ) throws {
    var draft = DocumentDraft(kind: kind, id: id)
    try draft.load(pages) { document, _ in
      // Who it is, is all that is asked for.
      try document.find("fhir")?.document.map(BSONDocument.init(copying:))
    }
    if let root = draft.root, key == nil || key == root.key {
      try body(StoredResource(key: root.key, section: nil, origin: root.origin, hash: root.digest))
    }
    for section in draft.sections {
      for item in section.items where key?.utf8.elementsEqual(item.key) ?? true {
        try body(
          StoredResource(
            key: String(decoding: item.key, as: UTF8.self), section: section.name, origin: item.origin,
            hash: item.digest.text))
      }
    }
  }
}
