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
  private var sections: [(name: String, items: [(key: String, bytes: UnsafeRawBufferPointer)])] = []

  /// - Parameters:
  ///   - first: the document or its first page; its bytes outlive this.
  ///   - keepsRoot: whether the document has its root whole, and not less what its fields give back.
  package init(_ first: BSONView, keepsRoot: Bool = false) throws {
    guard let own = try first.find("_fhirline")?.document else { return }
    hash = try own.find("hash")?.text
    pageCount = Int(clamping: try own.find("pages")?.integer ?? 1)
    root = try own.find("root")?.text
    try own.find("names")?.array?.forEachElement { if let name = $0.text { names.append(name) } }
    try own.find("appointments")?.array?.forEachElement { element in
      guard let link = element.document, let id = try link.find("id")?.text else { return }
      links.append(AppointmentLink(id: id, start: try link.find("start")?.text ?? ""))
    }
    if keepsRoot, let root, let whole = try first.find("fhir")?.document {
      isRootAsNoted = ContentDigest.text(of: whole.bytes) == root
    }
    if hash != nil { try add(page: first) }
  }

  /// Names the resources in the sections of a stored document, or of one of its pages.
  package static func forEachResource(in document: BSONView, _ body: (_ key: String) throws -> Void) throws {
    try document.forEachElement { element in
      guard let items = element.array, try DocumentDraft.isSection(items) else { return }
      try items.forEachElement { item in
        guard let resource = item.document, try resource.find("resourceType")?.text != nil else { return }
        try body(try DocumentDraft.key(of: resource))
      }
    }
  }

  /// Adds a further page, whose bytes outlive this.
  package mutating func add(page: BSONView) throws {
    try page.forEachElement { element in
      guard let items = element.array, try DocumentDraft.isSection(items) else { return }
      let name = element.name
      let number = sections.firstIndex { $0.name == name } ?? sections.count
      if number == sections.count { sections.append((name, [])) }
      try items.forEachElement { element in
        guard let item = element.document else { return }
        sections[number].items.append((try DocumentDraft.key(of: item), item.bytes))
      }
    }
  }

  /// Whether the hash is that of the content.
  package var isAsHashed: Bool {
    isRootAsNoted && (hash.map { $0.prefix(DocumentDigest.contentDigits) == digest(links) } ?? false)
  }

  /// The hash that the content has with these links; the mapping's part stays.
  package func hash(links: [AppointmentLink]) -> String {
    digest(links.sorted()) + (hash ?? "").dropFirst(DocumentDigest.contentDigits)
  }

  private func digest(_ links: [AppointmentLink]) -> String {
    var digest = DocumentDigest()
    if let root { digest.add(root: root, names: names) }
    for section in sections.sorted(by: { $0.name < $1.name }) {
      digest.add(section: section.name)
      // Pages share out the items; on one page they stand in the order of their keys as a rule.
      for item in StoredContent.inOrder(section.items) {
        var key = item.key
        key.withUTF8 { digest.add(item: UnsafeRawBufferPointer($0), ContentDigest.words(of: item.bytes)) }
      }
    }
    for link in links { digest.add(link) }
    return digest.content
  }

  private static func inOrder(
    _ items: [(key: String, bytes: UnsafeRawBufferPointer)]
  ) -> [(key: String, bytes: UnsafeRawBufferPointer)] {
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
