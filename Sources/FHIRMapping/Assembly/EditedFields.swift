import BSON

/// What the application wrote into a stored document: fields it changed since they were computed, and elements that
/// are no business of the mapping's.
///
/// Computing the stored content's fields again shows the former: a field that differs was edited, and stays when parts are
/// added, unless the parts give it another value than it had.
struct EditedFields {
  /// The fields of the stored content, computed again.
  private let computed: BSONFields
  /// The stored document's elements but for sections, residual and bookkeeping.
  private let stored: BSONFields
  /// The stored fields were computed by this mapping: one that is not there was taken away.
  let isComplete: Bool

  init(draft: DocumentDraft, compute: DocumentAssembler.ComputeFields) throws {
    let fields = try draft.withContent(compute)
    computed = try fields.fields.fields()
    stored = draft.others
    isComplete = !fields.mapping.isEmpty && fields.mapping == draft.mapping
  }

  /// Merges three ways: the new fields, with the application's values where the content did not change them.
  func apply(to fresh: BSONDocument) throws -> BSONDocument {
    let fresh = try fresh.fields()
    var result = BSONFields()
    for field in fresh.fields {
      if computed[field.key] != field.value {
        result.fields.append(field)
      } else if let kept = stored[field.key] {
        result.fields.append(BSONFields.Field(field.key, kept))
      } else if !isComplete {
        result.fields.append(field)
      }
    }
    for field in stored.fields where fresh[field.key] == nil && computed[field.key] == nil {
      result.fields.append(field)
    }
    return try BSONDocument(result)
  }
}
