import BSON
import FHIRModel

/// Writes a draft as one document, or as several pages where its sections outgrow one.
///
/// The split follows from the content alone, so that the same content gives the same pages.
struct PageWriter {
  let draft: DocumentDraft
  let merged: MergedFields
  /// What stands under `_fhirline.hash`.
  let hash: String
  private let layout: PageLayout
  /// Bytes of the first page beside its items, about.
  private let fixed: Int

  init(
    _ draft: DocumentDraft, _ merged: MergedFields, hash: String, pinned: [String: Set<Int>], pageBytes: Int,
    pageEntries: Int
  ) {
    self.draft = draft
    self.merged = merged
    self.hash = hash
    fixed =
      merged.fields.count + merged.held.count + (merged.residual?.count ?? 0) + 64 * draft.appointments.count
      + 8 * draft.sections.reduce(0) { $0 + $1.items.count } + 1024
    layout = PageLayout(
      draft.sections, in: draft.files, fixed: fixed, pinned: pinned, pageBytes: pageBytes,
      pageEntries: pageEntries)
  }

  var pageCount: Int { layout.pageCount }

  /// Bytes of all pages, about.
  var byteCount: Int {
    draft.sections.reduce(fixed) { sum, section in section.items.reduce(sum) { $0 + $1.bytes.count + 16 } }
  }

  /// Writes a page, from 0.
  func write(page: Int, in memory: inout PageMemory) throws -> BSONDocument {
    let items = draft.sections.indices.map { layout.items(of: $0, page: page) }
    var room = page == 0 ? fixed : 256
    for (section, indices) in zip(draft.sections, items) {
      for index in indices { room += section.items[index].bytes.count + 16 }
    }
    memory.begin(room: room)
    memory.writer.beginDocument()
    memory.writer.append("_id", string: DocumentAssembler.pageID(draft.id, page))
    if page == 0 {
      try merged.fields.withView { view in
        try view.forEachElement { element in memory.writer.append(element: element) }
      }
    } else {
      memory.writer.append("chart_id", string: draft.id)
      memory.writer.append("page", int32: Int32(page + 1))
    }
    for (section, indices) in zip(draft.sections, items) where !indices.isEmpty {
      try memory.writer.key(string: section.name)
      memory.writer.beginArray()
      for (number, index) in indices.enumerated() {
        memory.writer.append(document: try BSONView(section.items[index].bytes))
        draft.files.passed(number)
      }
      memory.writer.endArray()
    }
    if page == 0 {
      if let residual = merged.residual { memory.writer.append("fhir", document: residual) }
      try bookkeeping(marks: merged.marks, pageCount: pageCount, into: &memory.writer)
      try merged.held.withView { view in
        try view.forEachElement { element in memory.writer.append(element: element) }
      }
    }
    memory.writer.endDocument()
    draft.files.release()
    return try memory.finish(draft.kind)
  }

  private func bookkeeping(
    marks: [String: Int32], pageCount: Int, into writer: inout BSONWriter
  ) throws {
    writer.beginDocument("_fhirline")
    writer.append("hash", string: hash)
    if let mark = draft.inputMark(hash: hash) { writer.append("input", int64: mark) }
    if let root = draft.root {
      writer.append("key", string: root.key)
      writer.append("root", string: root.digest)
      if draft.kind != .resource, root.written != root.digest { writer.append("came", string: root.written) }
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
