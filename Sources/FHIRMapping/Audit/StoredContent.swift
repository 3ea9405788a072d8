package import BSON

/// The content of a stored document as its hash stands for it, read without the mapping.
package struct StoredContent {
  /// `_fhirline.hash`; nil in a document that this program did not write.
  package private(set) var hash: String?
  package private(set) var pageCount = 1
  package private(set) var links: [AppointmentLink] = []
  private var root: String?
  /// Whether the root is that of which the digest was noted; told of roots that are kept whole.
  private var isRootAsNoted = true
  private var names: [String] = []
  private var sections: [(name: String, items: [Item])] = []
  private typealias Item = (key: String, digest: ContentDigest.Words)

  /// - Parameters:
  ///   - first: the document or its first page; its bytes outlive this.
  ///   - owner: the document's `_id` as text; of a chart its patient's.
  ///   - keepsRoot: whether the document has its root whole, and not less what its fields give back.
  ///   - gathersItems: whether what stands in its sections is held; else ``isAsHashed(items:)`` is told.
  package init(
    _ first: BSONView, of owner: String, keepsRoot: Bool = false, gathersItems: Bool = true
  ) throws {
    guard let own = try first.find("_fhirline")?.document else { return }
    hash = try own.find("hash")?.text
    pageCount = try StoredContent.pageCount(in: own)
    root = try own.find("root")?.text
    try own.find("names")?.array?.forEachElement { if let name = $0.text { names.append(name) } }
    try own.find("appointments")?.array?.forEachElement { element in
      guard let link = element.document, let id = try link.find("id")?.text else { return }
      links.append(AppointmentLink(id: id, start: try link.find("start")?.text ?? ""))
    }
    if keepsRoot, let root, let whole = try first.find("fhir")?.document {
      isRootAsNoted = ContentDigest.text(of: whole.bytes) == root
    }
    if hash != nil, gathersItems { try add(page: first, of: owner) }
  }

  /// More pages than any document has: a thousandth of that fills a gigabyte.
  private static let mostPages = 100_000

  /// How many pages a document's bookkeeping tells of. A number that can be none (somebody wrote into it) tells of nothing.
  package static func pageCount(in bookkeeping: BSONView?) throws -> Int {
    let count = Int(clamping: try bookkeeping?.find("pages")?.integer ?? 1)
    return (1...mostPages).contains(count) ? count : 1
  }

  /// Names the resources in the sections of a stored document, or of one of its pages.
  package static func forEachResource(
    in document: BSONView, of owner: String, _ body: (_ key: String) throws -> Void
  ) throws {
    try document.forEachElement { element in
      guard let items = element.array, try DocumentDraft.isSection(items) else { return }
      try items.forEachElement { item in
        guard let resource = item.document, try resource.find("resourceType")?.text != nil else { return }
        try body(try DocumentDraft.key(of: resource, in: owner))
      }
    }
  }

  /// Whom resources in sections name as those whose they are, `Patient/1`, where they name somebody by type and id.
  package static func forEachOwner(
    in document: BSONView, _ plan: DocumentPlan, _ body: (_ section: String, _ owner: String) throws -> Void
  ) throws {
    for section in plan.sections {
      try document.find(string: section.name)?.array?.forEachElement { item in
        guard let resource = item.document, let owner = try section.ownerNamed(by: resource) else { return }
        try body(section.name, owner)
      }
    }
  }

  /// The key of an item of a section: an application's own that has no id is known by its content, and by whose it is.
  package static func key(of item: BSONView, in owner: String) throws -> String {
    try DocumentDraft.key(of: item, in: owner)
  }

  /// The sections of a document that hold resources of these keys: what stands in each, and what is left without them.
  package static func sections(
    of document: BSONView, owner: String, without keys: Set<String>
  ) throws -> [(name: String, items: [BSONValue], left: [BSONValue])] {
    var sections: [(name: String, items: [BSONValue], left: [BSONValue])] = []
    try document.forEachElement { element in
      guard let items = element.array, try DocumentDraft.isSection(items) else { return }
      var all: [BSONValue] = []
      var left: [BSONValue] = []
      try items.forEachElement { item in
        let value = try BSONValue(item)
        all.append(value)
        if let resource = item.document, try resource.find("resourceType")?.text != nil,
          keys.contains(try DocumentDraft.key(of: resource, in: owner))
        {
          return
        }
        left.append(value)
      }
      if left.count < all.count { sections.append((element.name, all, left)) }
    }
    return sections
  }

  private mutating func add(page: BSONView, of owner: String) throws {
    try StoredContent.forEachSection(of: page) { name, items in
      let number = sections.firstIndex { $0.name == name } ?? sections.count
      if number == sections.count { sections.append((name, [])) }
      try items.forEachElement { element in
        guard let item = element.document else { return }
        sections[number].items.append(
          (try DocumentDraft.key(of: item, in: owner), try DocumentDraft.digest(of: item)))
      }
    }
  }

  private static func forEachSection(
    of page: BSONView, _ body: (_ name: String, BSONView) throws -> Void
  ) throws {
    try page.forEachElement { element in
      guard let items = element.array, try DocumentDraft.isSection(items) else { return }
      try body(element.name, items)
    }
  }

  /// Hands over what the hash counts of the items in the sections of a document or of one of its pages, in the order in which
  /// they stand there.
  ///
  /// - Parameter enter: takes each section's name, before its items; an empty section counts as well.
  package static func forEachItem(
    of page: BSONView, in owner: String, section enter: (String) throws -> Void,
    _ body: (_ key: String, ContentDigest.Words) throws -> Void
  ) throws {
    try forEachSection(of: page) { name, items in
      try enter(name)
      try items.forEachElement { element in
        guard let item = element.document else { return }
        try body(try DocumentDraft.key(of: item, in: owner), try DocumentDraft.digest(of: item))
      }
    }
  }

  // MARK: The hash

  /// Takes the items of all sections and pages: sections in the order of their names, items in that of their keys.
  package struct ItemDigest: ~Copyable {
    fileprivate var digest: DocumentDigest

    package mutating func begin(section: String) { digest.add(section: section) }

    package mutating func add(key: UnsafeRawBufferPointer, _ words: ContentDigest.Words) {
      digest.add(item: key, words)
    }
  }

  /// Hands over the items of all sections, in the order in which the hash counts them.
  package typealias Items = (inout ItemDigest) throws -> Void

  /// Whether the hash is that of the content.
  package var isAsHashed: Bool {
    isRootAsNoted && (hash.map { $0.prefix(DocumentDigest.contentDigits) == ownDigest } ?? false)
  }

  /// Whether the hash is that of the content with these items.
  package func isAsHashed(items: Items) throws -> Bool {
    guard isRootAsNoted, let hash else { return false }
    return try hash.prefix(DocumentDigest.contentDigits) == digest(links, items)
  }

  /// The hash that the content has with these items and links; the mapping's part stays.
  package func hash(links: [AppointmentLink], items: Items) throws -> String {
    try digest(links.sorted(), items) + (hash ?? "").dropFirst(DocumentDigest.contentDigits)
  }

  private func digest(_ links: [AppointmentLink], _ items: Items) rethrows -> String {
    var digest = DocumentDigest()
    if let root { digest.add(root: root, names: names) }
    var inItems = ItemDigest(digest: digest)
    try items(&inItems)
    digest = inItems.digest
    for link in links { digest.add(link) }
    return digest.content
  }

  private var ownDigest: String {
    digest(links) { digest in
      for section in sections.sorted(by: { $0.name < $1.name }) {
        digest.begin(section: section.name)
        for item in StoredContent.inOrder(section.items) {
          var key = item.key
          key.withUTF8 { digest.add(key: UnsafeRawBufferPointer($0), item.digest) }
        }
      }
    }
  }

  /// On one page items stand in the order of their keys as a rule.
  private static func inOrder(_ items: [Item]) -> [Item] {
    func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
    if zip(items, items.dropFirst()).allSatisfy({ precedes($0.key, $1.key) }) { return items }
    return items.sorted { precedes($0.key, $1.key) }
  }
}

extension DocumentPlan {
  /// `Appointment.start` of a stored appointment, with what the application changed; empty where it has none.
  package func start(ofStored document: BSONView) throws -> String {
    if let root = try root(ofStored: document).root {
      return try root.withView { try $0.find("start")?.text } ?? ""
    }
    guard let moment = try DocumentRoles(self).moment(of: document) else { return "" }
    return Instant(milliseconds: moment.milliseconds).text
  }
}

extension AppointmentLink {
  /// When the appointment begins; nil where that is not known.
  package var moment: Int64? { DateText(start)?.instant.milliseconds }
}
