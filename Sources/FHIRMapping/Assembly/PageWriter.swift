import BSON

/// Writes a draft as one document, or as several pages where its sections outgrow one.
///
/// The split follows from the content alone, so that the same content gives the same pages.
struct PageWriter {
  let draft: DocumentDraft
  /// What stands under `_fhirline.hash`.
  let hash: String
  let pageBytes: Int
  let pageEntries: Int

  func write(
    _ merged: MergedFields, pinned: [String: Set<Int>], in memory: inout PageMemory
  ) throws -> (pages: [BSONDocument], ids: [String]) {
    let fixed =
      merged.fields.count + (merged.residual?.count ?? 0) + 64 * draft.appointments.count
      + 8 * draft.sections.reduce(0) { $0 + $1.items.count } + 1024
    let pageOfItems = split(room: pageBytes - fixed, pinned: pinned)
    let count = pageOfItems.map { $0.max() ?? 1 }.max() ?? 1
    let room = fixed + min(itemBytes, pageBytes)

    var pages: [BSONDocument] = []
    let ids = DocumentAssembler.pageIDs(draft.id, count: count)
    for page in 1...count {
      memory.begin(room: room)
      memory.writer.beginDocument()
      memory.writer.append("_id", string: ids[page - 1])
      if page == 1 {
        try merged.fields.withView { view in
          try view.forEachElement { element in memory.writer.append(element: element) }
        }
      } else {
        memory.writer.append("chart_id", string: draft.id)
        memory.writer.append("page", int32: Int32(page))
      }
      for (number, section) in draft.sections.enumerated() {
        try append(
          section, page: page, of: pageOfItems.isEmpty ? [] : pageOfItems[number], to: &memory.writer)
      }
      if page == 1 {
        if let residual = merged.residual { memory.writer.append("fhir", document: residual) }
        try bookkeeping(marks: merged.marks, pageCount: count, into: &memory.writer)
      }
      memory.writer.endDocument()
      pages.append(try memory.finish(draft.kind))
    }
    return (pages, ids)
  }

  /// An item's bytes, and its index and type in the array.
  private static func size(_ item: DraftSection.Item) -> Int { item.bytes.count + 16 }

  private var itemBytes: Int {
    draft.sections.reduce(0) { sum, section in section.items.reduce(sum) { $0 + PageWriter.size($1) } }
  }

  /// The page of every item, by section; empty where all fit on one page.
  ///
  /// Items that fields were taken from stand on the first page, beside the fields; the others fill page after page.
  private func split(room: Int, pinned: [String: Set<Int>]) -> [[Int]] {
    let count = draft.sections.reduce(0) { $0 + $1.items.count }
    if itemBytes <= room, count <= pageEntries { return [] }
    var room = room
    var entries = pageEntries
    var isEmpty = true
    for section in draft.sections {
      for index in pinned[section.name] ?? [] where section.items.indices.contains(index) {
        room -= PageWriter.size(section.items[index])
        entries -= 1
        isEmpty = false
      }
    }
    var page = 1
    return draft.sections.map { section in
      let fixed = pinned[section.name] ?? []
      return section.items.indices.map { index in
        if fixed.contains(index) { return 1 }
        let bytes = PageWriter.size(section.items[index])
        if !isEmpty, room < bytes || entries <= 0 {
          page += 1
          room = pageBytes - 256
          entries = pageEntries
        }
        isEmpty = false
        room -= bytes
        entries -= 1
        return page
      }
    }
  }

  private func append(
    _ section: DraftSection, page: Int, of pages: [Int], to writer: inout BSONWriter
  ) throws {
    var isOpen = false
    for (index, item) in section.items.enumerated() where pages.isEmpty || pages[index] == page {
      if !isOpen {
        try writer.key(string: section.name)
        writer.beginArray()
        isOpen = true
      }
      writer.append(document: try BSONView(item.bytes))
    }
    if isOpen { writer.endArray() }
  }

  private func bookkeeping(
    marks: [String: Int32], pageCount: Int, into writer: inout BSONWriter
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
    if !draft.corrections.isEmpty {
      writer.beginArray("corrections")
      for (id, link) in draft.corrections.sorted(by: { $0.key < $1.key }) {
        writer.beginDocument()
        writer.append("id", string: id)
        if let link { writer.append("start", string: link.start) }
        writer.endDocument()
      }
      writer.endArray()
    }
    if let origins = draft.origins.bytes { origins.withUnsafeBytes { writer.append("origin", binary: $0) } }
    writer.endDocument()
  }
}
