import BSON

extension DocumentDraft {
  /// Takes over a stored document, given with all its pages.
  mutating func load(
    _ pages: [BSONDocument], restoreRoot: DocumentAssembler.RestoreRoot,
    saidResources: DocumentAssembler.SayResources? = nil, appointmentList: String? = nil
  ) throws {
    var count = 1
    var origins: OriginList?
    for (number, page) in pages.enumerated() {
      let page = page.shared
      take(page.mapped)
      defer { page.mapped?.release() }
      try page.withUnsafeBytes { bytes in
        let view = try BSONView(bytes)
        owners.append(page)
        if number == 0 { count = try StoredContent.pageCount(in: view.find("_fhirline")?.document) }
        // What an import that was cut short left behind the last page: it adds what stands nowhere else.
        let isBeyond = try number > 0 && view.find("page")?.integer ?? 0 > count
        try view.forEachElement { element in
          if element.hasKey("_id") || element.hasKey("_fhirline") || element.hasKey("fhir") { return }
          if number > 0, element.hasKey("chart_id") || element.hasKey("page") { return }
          if let items = element.array, try DocumentDraft.isSection(items) {
            try load(section: element.name, items, isBeyond: isBeyond)
          } else if number == 0 {
            others.fields.append(BSONFields.Field(element.name, try BSONValue(element)))
          }
        }
        if number == 0 {
          try loadBookkeeping(view, restoreRoot: restoreRoot, appointmentList: appointmentList)
          if let saidResources { said = try saidResources(view, kind, id) }
          origins = try view.find("_fhirline")?.document?.find("origin")?.binary.flatMap {
            OriginList($0.bytes)
          }
        }
      }
    }
    noteDigestsOfSaid()
    guard let origins else { return }
    root?.origin = origins.root ?? .unknown
    guard origins.sections.count == sections.count else { return }
    for (number, known) in origins.sections.enumerated() { sections[number].setOrigins(known) }
  }

  /// Puts items into the sections that the mapping has for them, where an earlier one had others: else they would stand in both when they
  /// come again.
  ///
  /// - Parameter sectionName: of a type of resource; nil where it has none.
  mutating func placeItems(_ sectionName: (_ type: String) -> String?) {
    var names: [String: String?] = [:]
    for own in sections.map(\.name) {
      let moved = changeSection(own) { section in
        section.takeOut { key in
          let type = String(decoding: key.prefix { $0 != UInt8(ascii: "/") }, as: UTF8.self)
          if names[type] == nil { names[type] = .some(sectionName(type)) }
          guard case .some(.some(let name)) = names[type], name != own else { return nil }
          return name
        }
      }
      for (name, items) in moved { changeSection(name) { $0.fill(items) } }
    }
    sections.removeAll { $0.items.isEmpty }
  }

  /// Lets sections stand where the stored document has nothing in their places.
  ///
  /// - Returns: the name of one in whose place something stands that is no section.
  mutating func placeSections() -> String? {
    let names = Set(sections.map(\.name))
    others.fields.removeAll { field in
      names.contains(field.key) && (field.value == .null || field.value.elements?.isEmpty == true)
    }
    return others.fields.first { names.contains($0.key) }?.key
  }

  /// A section's items are resources; the application's own lists hold something else. What an application put between them
  /// does not make a section something else.
  static func isSection(_ items: BSONView) throws -> Bool {
    var iterator = items.makeIterator()
    while let item = try iterator.next() {
      if try item.document?.find("resourceType")?.string != nil { return true }
      // A list of texts or numbers is none, however long.
      guard item.type == .null || item.document != nil else { return false }
    }
    return false
  }

  private mutating func load(section: String, _ view: BSONView, isBeyond: Bool) throws {
    // No page has a key as one text: they stand here, one behind the other.
    var keys: [UInt8] = []
    var found: [(end: Int, item: BSONView, digest: ContentDigest.Words)] = []
    try view.forEachElement { element in
      guard let item = element.document else { return }
      let bookkeeping = try item.find("_fhirline")?.document
      try DocumentDraft.appendKey(of: item, bookkeeping, in: id, to: &keys)
      found.append((keys.count, item, try DocumentDraft.digest(of: item, bookkeeping)))
    }
    let shared = SharedBytes(keys)
    owners.append(shared)
    var start = 0
    let items = found.map { end, item, digest in
      defer { start = end }
      return DraftSection.Item(
        key: UnsafeRawBufferPointer(rebasing: shared.pointer[start..<end]), bytes: item.bytes,
        digest: digest, origin: .unknown)
    }
    changeSection(section) { isBeyond ? $0.fill(items) : $0.load(items) }
    // The document is to be written anew, with its pages.
    if isBeyond { isChanged = true }
  }

  /// `Observation/1`: what the import noted, or else the resource says.
  ///
  /// - Parameter owner: the `_id`, as text, of the document in whose section the item stands; of a chart its patient's. Without it items
  ///   of several documents may have one key, in the same order as with it.
  static func key(of item: BSONView, in owner: String?) throws -> String {
    var key: [UInt8] = []
    try appendKey(of: item, try item.find("_fhirline")?.document, in: owner, to: &key)
    return String(decoding: key, as: UTF8.self)
  }

  /// Stands for an item as it came: also where an edit was put into it since.
  static func digest(of item: BSONView) throws -> ContentDigest.Words {
    try digest(of: item, try item.find("_fhirline")?.document)
  }

  private static func digest(of item: BSONView, _ bookkeeping: BSONView?) throws -> ContentDigest.Words {
    try bookkeeping?.find("came")?.text.flatMap(ContentDigest.Words.init)
      ?? ContentDigest.words(of: item.bytes)
  }

  private static func appendKey(
    of item: BSONView, _ bookkeeping: BSONView?, in owner: String?, to keys: inout [UInt8]
  ) throws {
    if let own = try bookkeeping?.find("key")?.string { return keys += own }
    if let type = try item.find("resourceType")?.string { keys += type }
    keys.append(UInt8(ascii: "/"))
    if let id = try item.find("id")?.string { return keys += id }
    // An application's item may have no id: its content tells it from others, and whose it is from what reads alike elsewhere.
    keys += ContentDigest.text(of: item.bytes).utf8
    guard let owner else { return }
    keys.append(UInt8(ascii: "-"))
    keys += ContentDigest.text(of: owner).utf8.prefix(16)
  }

  private mutating func loadBookkeeping(
    _ view: BSONView, restoreRoot: DocumentAssembler.RestoreRoot, appointmentList: String?
  ) throws {
    let bookkeeping = try view.find("_fhirline")?.document
    marks = try FieldMark.marks(in: bookkeeping)
    storedHash = try bookkeeping?.find("hash")?.text
    if let links = try bookkeeping?.find("appointments")?.array {
      try links.forEachElement { element in
        guard let link = element.document, let id = try link.find("id")?.text else { return }
        appointments[id] = AppointmentLink(id: id, start: try link.find("start")?.text ?? "")
      }
    } else if bookkeeping == nil, let appointmentList, let list = try view.find(string: appointmentList) {
      // A list that the application keeps: it stays in the derived one.
      try StoredID.forEach(in: list) { appointments[$0] = AppointmentLink(id: $0, start: "") }
    }
    try bookkeeping?.find("corrections")?.array?.forEachElement { element in
      guard let link = element.document, let id = try link.find("id")?.text else { return }
      let start = try link.find("start")?.text
      corrections.updateValue(start.map { AppointmentLink(id: id, start: $0) }, forKey: id)
    }
    let whole =
      kind == .resource
      ? try view.find("fhir")?.document.map(BSONDocument.init(copying:)) : try restoreRoot(view, kind)
    guard let whole, let rest = try view.find("fhir")?.document else { return }
    residual = BSONDocument(copying: rest)
    var names: [String] = []
    try bookkeeping?.find("names")?.array?.forEachElement { element in
      if let name = element.text { names.append(name) }
    }
    let digest = try bookkeeping?.find("root")?.text ?? ContentDigest.text(of: whole.shared.pointer)
    root = Root(
      key: try rootKey(bookkeeping, rest), bytes: whole.shared, names: names,
      digest: digest, came: try bookkeeping?.find("came")?.text ?? digest, origin: .unknown)
  }

  /// `Patient/1`: what the import noted or, where somebody changed that into what is no key, the resource says.
  private func rootKey(_ bookkeeping: BSONView?, _ residual: BSONView) throws -> String {
    let noted = try bookkeeping?.find("key")?.text ?? ""
    if let slash = noted.firstIndex(of: "/"), slash > noted.startIndex,
      noted.index(after: slash) < noted.endIndex
    {
      return noted
    }
    guard let type = try residual.find("resourceType")?.text else { return noted }
    if let id = try residual.find("id")?.text { return "\(type)/\(id)" }
    // One that came without an id has its name in the `_id`.
    return id.hasPrefix(type + "/") ? id : "\(type)/\(id)"
  }
}
