package import BSON

/// The content of a stored document as its hash stands for it, read without the mapping.
package struct StoredContent {
  /// `_fhirline.hash`; nil in a document that this program did not write.
  package private(set) var hash: String?
  package private(set) var pageCount = 1
  package private(set) var links: [AppointmentLink] = []
  private var root: String?
  private var names: [String] = []
  private var marks: [(key: String, value: Int32)] = []
  private var sections: [(name: String, items: [(key: String, bytes: UnsafeRawBufferPointer)])] = []
  /// Whether nothing but the first page was given, so that items stand in the order in which they were written.
  private var isOnePage = true

  /// - Parameter first: the document or its first page; its bytes outlive this.
  package init(_ first: BSONView) throws {
    if let own = try first.find("_fhirline")?.document {
      hash = try own.find("hash")?.text
      pageCount = Int(clamping: try own.find("pages")?.integer ?? 1)
      root = try own.find("root")?.text
      try own.find("names")?.array?.forEachElement { if let name = $0.text { names.append(name) } }
      try own.find("fields")?.document?.forEachElement { marks.append(($0.name, $0.int32 ?? 0)) }
      try own.find("appointments")?.array?.forEachElement { element in
        guard let link = element.document, let id = try link.find("id")?.text else { return }
        links.append(AppointmentLink(id: id, start: try link.find("start")?.text ?? ""))
      }
    }
    try add(sectionsOf: first)
  }

  /// Adds a further page, whose bytes outlive this.
  package mutating func add(page: BSONView) throws {
    isOnePage = false
    try add(sectionsOf: page)
  }

  private mutating func add(sectionsOf page: BSONView) throws {
    try page.forEachElement { element in
      guard let items = element.array, try DocumentDraft.isSection(items) else { return }
      let name = element.name
      let number = sections.firstIndex { $0.name == name } ?? sections.count
      if number == sections.count { sections.append((name, [])) }
      try items.forEachElement { element in
        guard let item = element.document else { return }
        sections[number].items.append((isOnePage ? "" : try DocumentDraft.key(of: item), item.bytes))
      }
    }
  }

  /// Whether the hash is that of the content.
  package var isAsHashed: Bool { hash == digest(links) }

  /// The hash that the content has with these links.
  package func hash(links: [AppointmentLink]) -> String { digest(links.sorted()) }

  private func digest(_ links: [AppointmentLink]) -> String {
    var digest = ContentDigest()
    if let root { digest.add(root) }
    for (name, mark) in marks.sorted(by: { $0.key < $1.key }) {
      digest.add(name)
      withUnsafeBytes(of: mark.littleEndian) { digest.add($0) }
    }
    for section in sections.sorted(by: { $0.name < $1.name }) {
      digest.add(section.name)
      // Pages share out the items; on one page they stand in the order of their keys.
      let items = isOnePage ? section.items : section.items.sorted { $0.key < $1.key }
      for item in items { digest.add(item.bytes) }
    }
    for link in links {
      digest.add(link.id)
      digest.add(link.start)
    }
    for name in names { digest.add(name) }
    return digest.text
  }
}

extension DocumentPlan {
  /// `Appointment.start` of a stored appointment, with what the application changed; empty where it has none.
  package func start(ofStored document: BSONView) throws -> String {
    if let root = try root(ofStored: document).root {
      return try root.withView { try $0.find("start")?.text } ?? ""
    }
    guard let visit = DocumentRoles(self).visit, let element = try document.find(string: visit),
      let moment = StoredMoment(element)
    else { return "" }
    return Instant(milliseconds: moment.milliseconds).text
  }
}

extension AppointmentLink {
  /// When the appointment begins; nil where that is not known.
  package var moment: Int64? { DateText(start)?.instant.milliseconds }
}
