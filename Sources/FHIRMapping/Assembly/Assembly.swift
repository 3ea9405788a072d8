package import BSON

/// A document ready to be written.
package struct Assembly: Sendable {
  package let kind: DocumentKind
  /// The document's `_id`.
  package let id: String
  /// Those of the document and its further pages.
  package let ids: [String]
  /// `_fhirline.hash`
  package let hash: String
  /// What becomes of its parts' resources when it is written.
  package let tally: Tally
  /// Bytes of all its pages; of pages that are not written yet, about.
  package let byteCount: Int
  /// The root as it came: the page has it without what its fields give back.
  let root: DocumentDraft.Root?
  let contests: [DocumentDraft.Contest]
  /// Who took part in the appointment before this form of it, and does no longer.
  package var formerOwners: Set<AppointmentOwner> = []
  /// Whether it stays as it is stored, though it has no hash that says so.
  package var isAsStored = false
  /// All pages, or the first where the others are written when they are asked for.
  private let held: [BSONDocument]
  private let rest: UnwrittenPages?

  init(
    _ draft: DocumentDraft, pages: [BSONDocument], ids: [String], hash: String, root: DocumentDraft.Root?,
    contests: [DocumentDraft.Contest]
  ) {
    kind = draft.kind
    id = draft.id
    held = pages
    rest = nil
    self.ids = ids
    self.hash = hash
    tally = draft.tally
    byteCount = pages.reduce(0) { $0 + $1.count }
    self.root = root
    self.contests = contests
  }

  /// A large document, of which the first page is written; see ``isLent``.
  init(_ writer: PageWriter, first: BSONDocument, in rest: UnwrittenPages) {
    kind = writer.draft.kind
    id = writer.draft.id
    held = [first]
    self.rest = rest
    ids = DocumentAssembler.pageIDs(id, count: writer.pageCount)
    hash = writer.hash
    tally = writer.draft.tally
    byteCount = writer.byteCount
    root = writer.draft.root
    contests = writer.draft.contests
  }

  package var pageCount: Int { ids.count }

  /// The appointments that came for the document.
  package var linked: Set<String> {
    get throws {
      var ids: Set<String> = []
      try first.withView { view in
        try view.find(path: "_fhirline.appointments")?.array?.forEachElement { link in
          if let id = try link.document?.find("id")?.text { ids.insert(id) }
        }
      }
      return ids
    }
  }

  /// Whether its further pages are made of what its parts, or stored pages, lend: it is of use as long as those are there, to one
  /// thread.
  package var isLent: Bool { rest != nil }

  /// The document itself.
  package var first: BSONDocument { held[0] }

  /// One of its pages, from 0.
  package func page(_ number: Int) throws -> BSONDocument {
    guard number > 0, let rest else { return held[number] }
    return try rest.page(number)
  }

  /// All pages, in memory.
  package var pages: [BSONDocument] { get throws { try ids.indices.map { try page($0) } } }

  /// The parts that it was made of, in the form in which they were written.
  package func draft() throws -> DocumentDraft {
    if let rest { return rest.writer.draft }
    var draft = DocumentDraft(kind: kind, id: id)
    let root = root
    try draft.load(held, restoreRoot: { _, _ in nil })
    draft.root = root
    draft.contests = contests
    return draft
  }
}

/// Pages that are written when they are asked for, so that a large chart is not in memory twice.
final class UnwrittenPages: @unchecked Sendable {
  // Safe to share: a lent document belongs to the thread that made it.

  let writer: PageWriter
  private var memory = PageMemory()

  init(_ writer: PageWriter) { self.writer = writer }

  func page(_ number: Int) throws -> BSONDocument { try writer.write(page: number, in: &memory) }
}
