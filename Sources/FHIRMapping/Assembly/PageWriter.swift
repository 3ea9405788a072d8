import BSON

/// Writes a draft as one document, or as several pages where its sections outgrow one.
///
/// The split follows from the content alone, so that the same content gives the same pages.
struct PageWriter {
  let draft: DocumentDraft
  let pageBytes: Int

  func write(
    fields: BSONDocument, residual: BSONDocument?, outcomes: [DocumentAssembler.Outcome?]
  ) throws -> DocumentAssembler.Assembly {
    let sections = draft.sections.sorted { $0.key < $1.key }
      .map { (name: $0.key, items: $0.value.sorted { $0.key < $1.key }) }
    var digest = ContentDigest()
    fields.bytes.withUnsafeBytes { digest.add($0) }
    if let residual { residual.bytes.withUnsafeBytes { digest.add($0) } }
    for section in sections {
      digest.add(section.name)
      for item in section.items { item.value.withUnsafeBytes { digest.add($0) } }
    }
    for link in draft.sortedAppointments {
      digest.add(link.id)
      digest.add(link.start)
    }
    for name in draft.root?.names ?? [] { digest.add(name) }
    let hash = digest.text

    var pages: [BSONDocument] = []
    var ids = [draft.id]
    var writer = BSONWriter(capacity: 16 << 10)
    writer.beginDocument()
    writer.append("_id", string: draft.id)
    try fields.withView { view in
      try view.forEachElement { element in writer.append(element: element) }
    }
    // The first page ends with these; they are small beside the limit, but for a root that is itself large.
    let reserve = (residual?.bytes.count ?? 0) + 64 * draft.appointments.count + 1024
    var room = pageBytes - writer.count - reserve
    var tail: [BSONDocument] = []
    var first: BSONDocument?
    var itemsOnPage = 0
    for section in sections {
      var open = false
      for (_, bytes) in section.items {
        if itemsOnPage > 0, room < bytes.count + 16 {
          if open { writer.endArray() }
          open = false
          if first == nil {
            first = try take(&writer)
          } else {
            writer.endDocument()
            tail.append(try writer.finish())
          }
          writer = BSONWriter(capacity: min(pageBytes, 1 << 20))
          let number = tail.count + 2
          ids.append("\(draft.id)#\(number)")
          writer.beginDocument()
          writer.append("_id", string: "\(draft.id)#\(number)")
          writer.append("chart_id", string: draft.id)
          writer.append("page", int32: Int32(number))
          room = pageBytes - writer.count
          itemsOnPage = 0
        }
        if !open {
          try writer.key(string: section.name)
          writer.beginArray()
          open = true
        }
        try bytes.withUnsafeBytes { writer.append(document: try BSONView($0)) }
        room -= bytes.count + 16
        itemsOnPage += 1
      }
      if open { writer.endArray() }
    }
    if first != nil {
      writer.endDocument()
      tail.append(try writer.finish())
      writer = BSONWriter(capacity: 16 << 10)
      writer.beginDocument()
      if let first {
        try first.withView { view in try view.forEachElement { element in writer.append(element: element) } }
      }
    }
    if let residual { writer.append("fhir", document: residual) }
    bookkeeping(hash: hash, pageCount: tail.count + 1, into: &writer)
    writer.endDocument()
    pages = [try writer.finish()] + tail
    return DocumentAssembler.Assembly(pages: pages, ids: ids, hash: hash, outcomes: outcomes)
  }

  /// Ends the document so far; its elements are copied into the first page once the number of pages is known.
  private func take(_ writer: inout BSONWriter) throws -> BSONDocument {
    writer.endDocument()
    return try writer.finish()
  }

  private func bookkeeping(hash: String, pageCount: Int, into writer: inout BSONWriter) {
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
