package import BSON

extension DocumentPlan {
  /// Fields of a stored document that the application wrote, changed or took away since an import wrote it; of a document
  /// that no import wrote, all that it has. Derived fields are nobody's.
  package func editedFields(in document: BSONView) throws -> Set<String> {
    let bookkeeping = try document.find("_fhirline")?.document
    let marks = try FieldMark.marks(in: bookkeeping)
    var edited: Set<String> = []
    for field in fields where field.derived == nil {
      let element = try document.find(string: field.name)
      if marks[field.name] != element.map(FieldMark.mark) { edited.insert(field.name) }
    }
    return edited
  }
}

extension DocumentPlan {
  /// Whether an import wrote a field that may be gone since.
  package func wasWritten(_ field: String, in document: BSONView) throws -> Bool {
    try FieldMark.marks(in: document.find("_fhirline")?.document)[field] != nil
  }

  /// The root of a stored document, with the fields' changes in it, as a tree.
  package func wholeRoot(ofStored document: BSONView) throws -> BSONFields? {
    try root(ofStored: document).root?.fields()
  }
}

extension StoredContent {
  /// Hands the resources in the sections of a page over, each with its key.
  ///
  /// - Parameter owner: the document's `_id` as text; of a chart its patient's.
  package static func forEachItem(
    of page: BSONView, in owner: String, _ body: (String, UnsafeRawBufferPointer) throws -> Void
  ) throws {
    try page.forEachElement { element in
      guard let items = element.array, try DocumentDraft.isSection(items) else { return }
      try items.forEachElement { element in
        guard let item = element.document else { return }
        try body(try DocumentDraft.key(of: item, in: owner), item.bytes)
      }
    }
  }
}
