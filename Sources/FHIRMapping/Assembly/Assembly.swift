package import BSON

/// A document ready to be written.
package struct Assembly: Sendable {
  package let kind: DocumentKind
  /// The document's `_id`.
  package let id: String
  /// The document, then its further pages, each with its `_id`.
  package let pages: [BSONDocument]
  package let ids: [String]
  /// `_fhirline.hash`
  package let hash: String
  /// What becomes of its parts' resources when it is written.
  package let tally: Tally
  /// The root as it came: the page has it without what its fields give back.
  let root: DocumentDraft.Root?
  let contests: [DocumentDraft.Contest]
  /// Who took part in the appointment before this form of it, and does no longer.
  package var formerOwners: Set<AppointmentOwner> = []
  /// Whether it stays as it is stored, though it has no hash that says so.
  package var isAsStored = false

  package var byteCount: Int { pages.reduce(0) { $0 + $1.count } }

  /// The parts that it was made of, in the form in which they were written.
  package func draft() throws -> DocumentDraft {
    var draft = DocumentDraft(kind: kind, id: id)
    let root = root
    try draft.load(pages) { _, _ in nil }
    draft.root = root
    draft.contests = contests
    return draft
  }
}
