package import BSON

/// Puts documents together from parts: new ones, and stored ones that parts are added to.
///
/// The same parts in any order give the same bytes: sections stand in the order of their names, their items in the order
/// of their keys. `_fhirline` at the end of a document says what the fields alone do not:
///
/// | element | meaning |
/// |---|---|
/// | `hash` | digest of the whole document, its pages included, and of the mapping; set on the first page only |
/// | `input` | digest of what was read, and of the hash; only where the document was made of one import's input alone |
/// | `key` | the root resource, `Patient/1` |
/// | `root` | digest of the root as it was imported |
/// | `came` | digest of the root as it was written, where references were found to lead elsewhere since, or names are shown |
/// | `names` | what else the root is called: identifiers with their values first, and a `fullUrl` that does not follow from the `_id` |
/// | `fields` | of each field what stands for the value that import wrote |
/// | `pages` | number of pages, where there is more than one |
/// | `appointments` | links that the derived fields are computed from |
/// | `corrections` | what the database says otherwise of them, as the doctor found: links, or ids alone of those that are not the document's |
/// | `origin` | where each resource came from, see ``OriginList``; no part of the content |
package struct DocumentAssembler: Sendable {
  /// Computes a document's fields from its content; not called for kind `resource`.
  package typealias ComputeFields = @Sendable (DocumentContent) throws -> DocumentFields
  /// Gives back the root of a stored document, whole, with the fields' changes in it.
  package typealias RestoreRoot = @Sendable (BSONView, DocumentKind) throws -> BSONDocument?

  /// Gives what the fields of a stored document say of its resources.
  typealias SayResources = @Sendable (BSONView, DocumentKind, _ id: String) throws -> SaidResources

  let computeFields: ComputeFields
  let restoreRoot: RestoreRoot
  /// nil where fields say nothing of resources.
  var saidResources: SayResources?
  /// Reads documents that never came from FHIR; nil where that is of no concern.
  var native: NativeContent?
  /// The section in which a type of resource stands in documents of a kind; nil where it has none.
  var sectionName: @Sendable (DocumentKind, _ type: String) -> String? = { _, _ in nil }
  /// Stands for the mapping of a kind of document.
  package let fingerprint: @Sendable (DocumentKind) -> UInt64
  /// Bytes beyond which a document's sections continue on a page of their own.
  let pageBytes: Int
  /// Items beyond which they do.
  let pageEntries: Int

  package init(
    pageBytes: Int = 8_000_000, pageEntries: Int = 20_000, computeFields: @escaping ComputeFields,
    restoreRoot: @escaping RestoreRoot,
    fingerprint: @escaping @Sendable (DocumentKind) -> UInt64 = { _ in 0 }
  ) {
    self.pageBytes = pageBytes
    self.pageEntries = pageEntries
    self.computeFields = computeFields
    self.restoreRoot = restoreRoot
    self.fingerprint = fingerprint
  }

  /// What the document of a draft has under `_fhirline.hash`; known before the document is made.
  ///
  /// Fields that stay as another mapping made them are told of: what their resource says is to be read by this one when it comes.
  package func hash(of draft: DocumentDraft) -> String {
    draft.hash(fingerprint: draft.keepsForeignFields ? nil : fingerprint(draft.kind))
  }

  /// Whether a stored document was made of the very input that a draft of parts is made of, by the same mapping, and is still as it
  /// was made then. It may be so where that cannot be told.
  package func isMade(_ draft: DocumentDraft, hash: String?, inputMark: Int64?) -> Bool {
    guard let hash, let inputMark, draft.inputMark(hash: hash) == inputMark else { return false }
    return DocumentDigest.isOfMapping(fingerprint(draft.kind), hash)
  }

  /// Makes a document of parts alone.
  package func assemble(kind: DocumentKind, id: String, parts: PartList) throws -> Assembly {
    var draft = DocumentDraft(kind: kind, id: id)
    draft.merge(parts)
    var memory = PageMemory()
    return try assemble(draft, hash: hash(of: draft), in: &memory)
  }

  /// A document of several pages that is larger is written page by page, where it may be; and what lost to its resources, if that is
  /// more, is not copied.
  private static let bytesInMemory = 4 << 20

  /// Makes the document of a draft.
  ///
  /// - Parameters:
  ///   - hash: of the draft.
  ///   - memory: where it is written; one for many documents spares fetching memory for each.
  ///   - lends: whether what the draft is made of stays until the document is loaded, so that its pages can be written one by one.
  package func assemble(
    _ draft: DocumentDraft, hash: String, in memory: inout PageMemory, lends: Bool = false
  ) throws -> Assembly {
    let computed: DocumentFields
    if draft.kind == .resource {
      computed = DocumentFields(
        fields: BSONDocument(),
        residual: try draft.root.map { BSONDocument(copying: try BSONView($0.bytes.pointer)) })
    } else {
      computed = try draft.withContent(computeFields)
    }
    let merged = try MergedFields(computed, draft: draft)
    let writer = PageWriter(
      draft, merged, hash: hash, pinned: computed.pinned, pageBytes: pageBytes, pageEntries: pageEntries)
    let outdone = draft.contests.reduce(0) { $0 + $1.bytes.count }
    if lends,
      max(writer.pageCount > 1 ? writer.byteCount : 0, outdone) > DocumentAssembler.bytesInMemory
    {
      let rest = UnwrittenPages(writer)
      return Assembly(writer, first: try rest.page(0), in: rest)
    }
    let pages = try (0..<writer.pageCount).map { try writer.write(page: $0, in: &memory) }
    // What parts lend is gone when the document is loaded.
    var root = draft.root
    if let bytes = root?.bytes { root?.bytes = memory.keep(bytes, draft.kind) }
    var contests = draft.contests
    for index in contests.indices { contests[index].bytes = memory.keep(contests[index].bytes, draft.kind) }
    return Assembly(
      draft, pages: pages, ids: DocumentAssembler.pageIDs(draft.id, count: pages.count), hash: hash,
      root: root,
      contests: contests)
  }

  /// Adds a document of parts to a stored one, given with all its pages.
  ///
  /// - Parameter own: appointments that are an application's own, and stay so: who lists them is the application's to say, also where it
  ///   does not say what they do. An export that comes in again changes nothing.
  package func assemble(
    _ incoming: Assembly, stored pages: [BSONDocument], own: Set<String> = []
  ) throws -> Assembly {
    var draft = DocumentDraft(kind: incoming.kind, id: incoming.id)
    try load(pages, into: &draft)
    var added = try incoming.draft()
    for id in own where draft.storedHash == nil || draft.appointments[id] == nil {
      added.appointments[id] = nil
    }
    if draft.storedHash == nil, let native, let first = pages.first,
      try first.withView({ try native.lists(added, in: $0) })
    {
      added.appointments = [:]
    }
    let before = incoming.kind == .appointment ? draft.root?.bytes : nil
    // Whoever an older form of it names may have got it in a list with this very import.
    var formerOwners: Set<AppointmentOwner> = []
    if let before, let old = added.root?.bytes, ResourceVersion.isOlder(old.pointer, than: before.pointer) {
      formerOwners = try AppointmentOwner.all(of: try BSONView(old.pointer))
    }
    // Who took part when it came.
    let came = try before == nil ? nil : draft.residual?.withView { try AppointmentOwner.all(of: $0) }
    draft.merge(added)
    // Somebody whom an edit put another in the place of has it in a list as well.
    if let came { formerOwners.formUnion(try came.subtracting(draft.appointmentOwners())) }
    // All that its fields are made of is at hand.
    if draft.isOfOtherMapping, !draft.keepsForeignFields { draft.isChanged = true }
    try draft.keepDisplacedEdits(computeFields)
    if draft.isChanged, let name = draft.placeSections() { throw OccupiedSection(name: name) }
    if let native, let first = pages.first, draft.isChanged, draft.root == nil,
      let root = draft.saidRoot ?? draft.ownRoot,
      try first.withView({ try native.isBare($0, kind: draft.kind) })
    {
      // Written with its bookkeeping it would be taken for one whose resource has not come yet.
      draft.root = root
    }
    if draft.storedHash == nil, native != nil, !draft.isChanged {
      var same = Assembly(draft, pages: pages, ids: [draft.id], hash: "", root: nil, contests: [])
      same.isAsStored = true
      return same
    }
    // Nothing new: the document stays as it is, to the byte.
    if let hash = draft.storedHash, !draft.isChanged {
      var same = Assembly(
        draft, pages: pages,
        ids: try pages.map { page in try page.withView { try $0.find("_id")?.text ?? "" } },
        hash: hash, root: nil, contests: [])
      same.formerOwners = formerOwners
      return same
    }
    var memory = PageMemory()
    // The draft holds the stored pages.
    var assembly = try assemble(draft, hash: hash(of: draft), in: &memory, lends: true)
    if let before {
      assembly.formerOwners = try AppointmentOwner.gone(from: before, to: draft.root?.bytes).union(
        formerOwners)
    }
    if incoming.kind == .appointment, draft.storedHash == nil, let root = draft.root {
      // It is the application's own no more: whoever takes part in it has it in a list from now on.
      assembly.formerOwners.formUnion(try AppointmentOwner.all(of: try BSONView(root.bytes.pointer)))
    }
    return assembly
  }

  /// Adds a document to what stands on further pages, whose first is gone.
  package func assemble(_ incoming: Assembly, left pages: [BSONDocument]) throws -> Assembly {
    // Nobody says anything in a document that is not there.
    var plain = self
    plain.native = nil
    plain.saidResources = nil
    return try plain.assemble(incoming, stored: [BSONDocument(["_id": .string(incoming.id)])] + pages)
  }

  /// A document that is not there yet, less what only appointments of an application's own make of it; nil where nothing is left.
  ///
  /// - Parameter own: see ``assemble(_:stored:own:)``.
  package func needed(_ document: Assembly, own: Set<String>) throws -> Assembly? {
    guard !own.isEmpty, document.tally.types.isEmpty, try !document.linked.isDisjoint(with: own) else {
      return document
    }
    var draft = try document.draft()
    for id in own { draft.appointments[id] = nil }
    if draft.isEmpty { return nil }
    var memory = PageMemory()
    return try assemble(draft, hash: hash(of: draft), in: &memory)
  }

  /// Why nothing can be added to a stored document: an application keeps something else where a section is to be, and would lose it.
  package struct OccupiedSection: Error, CustomStringConvertible {
    let name: String

    package var description: String {
      "its field \(name) holds something else than resources of FHIR; move that, or give the section another name in Mappings"
    }
  }

  /// What becomes of a stored document, given with all its pages, when resources are taken out of it.
  package struct Removal: Sendable {
    /// How many resources were there.
    package let removed: Int
    /// Whether the document is to be written.
    package let isChanged: Bool
    /// Who took part in the appointment that was taken out.
    package let formerOwners: Set<AppointmentOwner>
    /// nil where nothing is left that would need a document.
    package let document: Assembly?
    /// Where there is none: what another document, which this one holds, leaves of it.
    package let holder: BSONDocument?
  }

  /// Takes resources, and links to appointments, out of a stored document.
  ///
  /// - Parameter keepsEmpty: whether a document is to stay that nothing is left in.
  package func assemble(
    kind: DocumentKind, id: String, without keys: Set<String>, links: Set<String> = [],
    stored pages: [BSONDocument], keepsEmpty: Bool
  ) throws -> Removal {
    var draft = DocumentDraft(kind: kind, id: id)
    try load(pages, into: &draft)
    let root = draft.root
    let removed = draft.remove(keys)
    let isChanged = draft.remove(links: links) || removed > 0
    try draft.keepDisplacedEdits(computeFields)
    var formerOwners: Set<AppointmentOwner> = []
    if kind == .appointment, let root, draft.root == nil {
      formerOwners = try AppointmentOwner.gone(from: root.bytes, to: nil)
    }
    var document: Assembly?
    var holder: BSONDocument?
    if !draft.isEmpty || keepsEmpty {
      var memory = PageMemory()
      document = try assemble(draft, hash: hash(of: draft), in: &memory)
    } else if root == nil, let own = try ownOfApplication(draft) {
      document = own
    } else {
      // A patient's document may hold a chart.
      let held = draft.others.fields.filter(DocumentDraft.isHeld)
      if !held.isEmpty { holder = try BSONDocument(BSONFields([.init("_id", .string(id))] + held)) }
    }
    return Removal(
      removed: removed, isChanged: isChanged, formerOwners: formerOwners, document: document, holder: holder)
  }

  /// What an application says in a document whose own resource never came, when nothing of FHIR is left in it; nil for nothing.
  private func ownOfApplication(_ draft: DocumentDraft) throws -> Assembly? {
    var memory = PageMemory()
    let rest = try assemble(draft, hash: hash(of: draft), in: &memory)
    // A list that no appointment is left in is none of the application's; what else stands there is, if it says nothing.
    let derived = derivedFields(draft.kind)
    let saysMore = try rest.first.fields().fields.contains { field in
      if field.key == "_id" || field.key == "_fhirline" || DocumentDraft.isHeld(field) { return false }
      return !derived.contains(field.key) || field.value != .null && field.value.elements?.isEmpty != true
    }
    return saysMore ? rest : nil
  }

  /// Whether a document of parts says nothing but that there is to be one.
  package func isEmpty(_ document: Assembly) -> Bool {
    document.tally.types.isEmpty && document.hash == hash(of: DocumentDraft(kind: document.kind, id: ""))
  }

  /// The fields of a kind that follow from appointments.
  package func derivedFields(_ kind: DocumentKind) -> [String] { native?.derivedFields(kind) ?? [] }

  /// A document that says nothing but that there is to be one.
  package func emptyDocument(_ kind: DocumentKind, _ id: String) throws -> Assembly {
    var parts = PartBuffer()
    parts.append(presenceOf: kind, id, sequence: 0)
    return try assemble(kind: kind, id: id, parts: parts.list())
  }

  /// A stored document taken apart, given with all its pages; its fields' changes are in its root.
  package func draft(ofStored pages: [BSONDocument], kind: DocumentKind, id: String) throws -> DocumentDraft {
    var draft = DocumentDraft(kind: kind, id: id)
    try load(pages, into: &draft)
    return draft
  }

  private func load(_ pages: [BSONDocument], into draft: inout DocumentDraft) throws {
    try draft.load(
      pages, restoreRoot: restoreRoot, saidResources: saidResources,
      appointmentList: native?.appointmentList(draft.kind))
    draft.isOfOtherMapping =
      draft.storedHash.map { !DocumentDigest.isOfMapping(fingerprint(draft.kind), $0) } ?? false
    let kind = draft.kind
    if draft.isOfOtherMapping { draft.placeItems { sectionName(kind, $0) } }
  }

  package static func pageIDs(_ id: String, count: Int) -> [String] {
    (0..<max(count, 1)).map { pageID(id, $0) }
  }

  /// The `_id` of a page, from 0.
  static func pageID(_ id: String, _ page: Int) -> String { page == 0 ? id : "\(id)#\(page + 1)" }
}
