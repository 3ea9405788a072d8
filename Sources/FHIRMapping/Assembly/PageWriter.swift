import BSON

/// Writes a draft as one document, or as several pages where its sections outgrow one.
///
/// The split follows from the content alone, so that the same content gives the same pages.
struct PageWriter {
  let draft: DocumentDraft
  let pageBytes: Int

  /// A section with its items in the order of their keys, each with its page.
  private struct Section {
    var name: String
    var items: [(bytes: [UInt8], page: Int)]
  }

  func write(
    _ merged: MergedFields, pinned: [String: Set<Int>], outcomes: [DocumentAssembler.Outcome?]
  ) throws -> DocumentAssembler.Assembly {
    var sections = draft.sections.sorted { $0.key < $1.key }
      .map { section in
        Section(name: section.key, items: section.value.sorted { $0.key < $1.key }.map { ($0.value, 1) })
      }
    let hash = digest(merged, sections)
    let fixed =
      merged.fields.bytes.count + (merged.residual?.bytes.count ?? 0) + 64 * draft.appointments.count + 1024
    let count = split(&sections, room: pageBytes - fixed, pinned: pinned)

    var pages: [BSONDocument] = []
    let ids = DocumentAssembler.pageIDs(draft.id, count: count)
    for page in 1...count {
      var writer = BSONWriter(capacity: min(pageBytes, 64 << 10))
      writer.beginDocument()
      writer.append("_id", string: ids[page - 1])
      if page == 1 {
        try merged.fields.withView { view in
          try view.forEachElement { element in writer.append(element: element) }
        }
      } else {
        writer.append("chart_id", string: draft.id)
        writer.append("page", int32: Int32(page))
      }
      try append(sections, page: page, to: &writer)
      if page == 1 {
        if let residual = merged.residual { writer.append("fhir", document: residual) }
        try bookkeeping(hash: hash, marks: merged.marks, pageCount: count, into: &writer)
      }
      writer.endDocument()
      pages.append(try writer.finish())
    }
    return DocumentAssembler.Assembly(pages: pages, ids: ids, hash: hash, outcomes: outcomes)
  }

  /// Stands for what FHIR says: the same whether or not the application edited fields since.
  private func digest(_ merged: MergedFields, _ sections: [Section]) -> String {
    var digest = ContentDigest()
    if let root = draft.root { digest.add(root.digest) }
    for (name, mark) in merged.marks.sorted(by: { $0.key < $1.key }) {
      digest.add(name)
      withUnsafeBytes(of: mark.littleEndian) { digest.add($0) }
    }
    for section in sections {
      digest.add(section.name)
      for item in section.items { item.bytes.withUnsafeBytes { digest.add($0) } }
    }
    for link in draft.sortedAppointments {
      digest.add(link.id)
      digest.add(link.start)
    }
    for name in draft.root?.names ?? [] { digest.add(name) }
    return digest.text
  }

  /// Gives every item its page, and returns how many there are.
  ///
  /// Items that fields were taken from stand on the first page, beside the fields; the others fill page after page.
  private func split(_ sections: inout [Section], room: Int, pinned: [String: Set<Int>]) -> Int {
    /// An item's bytes, and its index and type in the array.
    func size(_ bytes: [UInt8]) -> Int { bytes.count + 16 }
    var room = room
    var isEmpty = true
    for section in sections {
      for index in pinned[section.name] ?? [] where section.items.indices.contains(index) {
        room -= size(section.items[index].bytes)
        isEmpty = false
      }
    }
    var page = 1
    for number in sections.indices {
      let fixed = pinned[sections[number].name] ?? []
      for index in sections[number].items.indices where !fixed.contains(index) {
        let bytes = size(sections[number].items[index].bytes)
        if !isEmpty, room < bytes {
          page += 1
          room = pageBytes - 256
        }
        isEmpty = false
        room -= bytes
        sections[number].items[index].page = page
      }
    }
    return page
  }

  private func append(_ sections: [Section], page: Int, to writer: inout BSONWriter) throws {
    for section in sections where section.items.contains(where: { $0.page == page }) {
      try writer.key(string: section.name)
      writer.beginArray()
      for item in section.items where item.page == page {
        try item.bytes.withUnsafeBytes { writer.append(document: try BSONView($0)) }
      }
      writer.endArray()
    }
  }

  private func bookkeeping(
    hash: String, marks: [String: Int32], pageCount: Int, into writer: inout BSONWriter
  ) throws {
    writer.beginDocument("_fhirline")
    writer.append("hash", string: hash)
    if let root = draft.root {
      writer.append("key", string: root.key)
      writer.append("root", string: root.digest)
      if !root.names.isEmpty {
        writer.beginArray("names")
        for name in root.names { writer.append(string: name) }
        writer.endArray()
      }
    }
    if !marks.isEmpty {
      writer.beginDocument("fields")
      for (name, mark) in marks.sorted(by: { $0.key < $1.key }) {
        try writer.key(string: name)
        writer.append(int32: mark)
      }
      writer.endDocument()
    }
    if pageCount > 1 { writer.append("pages", int32: Int32(pageCount)) }
    if !draft.appointments.isEmpty {
      writer.beginArray("appointments")
      for link in draft.sortedAppointments {
        writer.beginDocument()
        writer.append("id", string: link.id)
        writer.append("start", string: link.start)
        writer.endDocument()
      }
      writer.endArray()
    }
    writer.endDocument()
  }
}
