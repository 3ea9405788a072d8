package import BSON

/// Puts documents together from parts: new ones, and stored ones that parts are added to.
///
/// The same parts in any order give the same bytes: sections stand in the order of their names, their items in the order
/// of their keys. `_fhirline` at the end of a document says what the fields alone do not:
///
/// | element | meaning |
/// |---|---|
/// | `hash` | digest of the whole document, its pages included; set on the first page only |
/// | `key` | the root resource, `Patient/1` |
/// | `root` | digest of the root as it was imported |
/// | `names` | what else the root is called: identifiers, `fullUrl` |
/// | `fields` | of each field what stands for the value that import wrote |
/// | `pages` | number of pages, where there is more than one |
/// | `appointments` | links that the derived fields are computed from |
/// | `origin` | where each resource came from, see ``OriginList``; no part of the content |
package struct DocumentAssembler: Sendable {
  /// Computes a document's fields from its content; not called for kind `resource`.
  package typealias ComputeFields = @Sendable (DocumentContent) throws -> DocumentFields
  /// Gives back the root of a stored document, whole, with the fields' changes in it.
  package typealias RestoreRoot = @Sendable (BSONView, DocumentKind) throws -> BSONDocument?

  let computeFields: ComputeFields
  let restoreRoot: RestoreRoot
  /// Bytes beyond which a document's sections continue on a page of their own.
  let pageBytes: Int

  package init(
    pageBytes: Int = 8_000_000, computeFields: @escaping ComputeFields, restoreRoot: @escaping RestoreRoot
  ) {
    self.pageBytes = pageBytes
    self.computeFields = computeFields
    self.restoreRoot = restoreRoot
  }

  /// What became of a part's resource.
  package enum Outcome: String, Sendable {
    case inserted, replaced, unchanged
  }

  /// A document ready to be written.
  package struct Assembly: Sendable {
    /// The document, then its further pages, each with its `_id`.
    package var pages: [BSONDocument]
    package var ids: [String]
    /// `_fhirline.hash`
    package var hash: String
    /// What became of each part, in the order of the parts given; nil for links.
    package var outcomes: [Outcome?]

    init(pages: [BSONDocument], ids: [String], hash: String, outcomes: [Outcome?]) {
      self.pages = pages
      self.ids = ids
      self.hash = hash
      self.outcomes = outcomes
    }

    /// A stored document that is to stay as it is.
    init(stored pages: [BSONDocument], outcomes: [Outcome?]) throws {
      let ids = try pages.map { page in try page.withView { try $0.find("_id")?.text ?? "" } }
      let hash = try pages.first?.withView { try $0.find(path: "_fhirline.hash")?.text } ?? ""
      self.init(pages: pages, ids: ids, hash: hash, outcomes: outcomes)
    }
  }

  /// Makes a document of parts alone.
  package func assemble(kind: DocumentKind, id: String, parts: [Part]) throws -> Assembly {
    var memory = PageMemory()
    return try assemble(kind: kind, id: id, parts: parts, in: &memory)
  }

  /// Makes a document of parts alone.
  ///
  /// - Parameter memory: where it is written; one for many documents spares fetching memory for each.
  package func assemble(
    kind: DocumentKind, id: String, parts: [Part], in memory: inout PageMemory
  ) throws -> Assembly {
    var draft = DocumentDraft(kind: kind, id: id)
    let outcomes = draft.merge(parts)
    return try write(draft, outcomes: outcomes, in: &memory)
  }

  /// Adds parts to a stored document, given with all its pages.
  package func assemble(
    kind: DocumentKind, id: String, parts: [Part], stored pages: [BSONDocument]
  ) throws -> Assembly {
    var draft = DocumentDraft(kind: kind, id: id)
    try draft.load(pages, restoreRoot: restoreRoot)
    let outcomes = draft.merge(parts)
    // Nothing new: the document stays as it is, to the byte.
    if draft.hash != nil, !draft.isChanged { return try Assembly(stored: pages, outcomes: outcomes) }
    var memory = PageMemory()
    return try write(draft, outcomes: outcomes, in: &memory)
  }

  static func pageIDs(_ id: String, count: Int) -> [String] {
    (1...max(count, 1)).map { $0 == 1 ? id : "\(id)#\($0)" }
  }

  private func write(
    _ draft: DocumentDraft, outcomes: [Outcome?], in memory: inout PageMemory
  ) throws -> Assembly {
    let computed: DocumentFields
    if draft.kind == .resource {
      computed = DocumentFields(
        fields: BSONDocument(),
        residual: try draft.root.map {
          try $0.bytes.withUnsafeBytes { BSONDocument(copying: try BSONView($0)) }
        })
    } else {
      computed = try draft.withContent(computeFields)
    }
    let merged = try MergedFields(computed, draft: draft)
    return try PageWriter(draft: draft, pageBytes: pageBytes)
      .write(merged, pinned: computed.pinned, outcomes: outcomes, in: &memory)
  }
}
