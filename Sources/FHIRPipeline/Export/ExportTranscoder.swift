import BSON
import FHIRFormats
import FHIRMapping
import FHIRModel

/// Turns stored documents into text. One transcoder serves one thread.
final class ExportTranscoder {
  private let options: ExportOptions
  private let mappings: MappingSet
  private let reader: DocumentReader
  private let buffer = OutputBuffer()
  private let text: ResourceText
  private let memory: SharedBufferPool
  private let references = ReferenceScan()
  private let resolver: ReferenceResolver
  private let stored: StoredTargets
  private var namesAhead = NamesAhead()
  private let names = KnownNames.r4
  private let meta = DefinitionTable.r4.nameID("meta")
  private let lastUpdated = DefinitionTable.r4.nameID("lastUpdated")

  /// - Parameters:
  ///   - prefix: what documents have before their ids.
  ///   - memory: where the text of batches stands.
  init(
    mappings: MappingSet, options: ExportOptions, prefix: String, stored: StoredTargets,
    memory: SharedBufferPool
  ) {
    self.options = options
    self.mappings = mappings
    self.memory = memory
    reader = DocumentReader(mappings: mappings, references: options.references, prefix: prefix)
    self.stored = stored
    text = ResourceText(
      format: options.isXML ? .xml : .json, pretty: options.pretty, buffer: buffer, reading: options.reading)
    resolver = ReferenceResolver(run: TargetIndex(), stored: stored)
  }

  func transcode(_ documents: ExportRun.Documents) throws -> ExportBatch {
    var batch = ExportBatch()
    buffer.removeAll()
    checkNames(of: documents, isFirst: true)
    for bytes in documents.documents {
      let document = try BSONView(bytes.pointer)
      checkNames(of: documents)
      try write(document, documents.kind, into: &batch)
      guard !documents.charted.isEmpty || !documents.secondCharts.isEmpty || !documents.renamed.isEmpty
      else { continue }
      let id = try DocumentReader.id(of: document)
      if documents.renamed.contains(id) {
        batch.notes.append(
          ExportSummary.Note(
            kind: documents.kind.rawValue, id: id, field: "_id",
            reason:
              "reads like another document's, which has it as a text: an id made of both value and type is used"
          ))
      }
      noteSecondChart(in: document, id, documents, &batch)
      try withChart(in: document, id, documents) { try write($0, .chart, into: &batch) }
    }
    let text = UnsafeRawBufferPointer(start: buffer.bytes, count: buffer.count)
    batch.bytes = memory.buffer(capacity: buffer.count).append(text)
    return batch
  }

  /// Lends the chart that stands within a patient's document, if it stands nowhere else.
  private func withChart(
    in document: BSONView, _ id: String, _ documents: ExportRun.Documents, _ body: (BSONView) throws -> Void
  ) throws {
    guard documents.charted.contains(id), let chart = try document.find(string: ChartLayout.field)?.document
    else { return }
    if try DocumentReader.isChart(chart, of: id) { return try body(chart) }
    // Whatever `_id` an application gave it: it is the chart of the patient within whom it stands.
    var fields = try BSONFields(chart)
    fields.fields.removeAll { $0.key == "_id" || $0.key == "patient_id" }
    fields.fields.insert(.init("_id", .string(id)), at: 0)
    try BSONDocument(fields).withView(body)
  }

  /// Has the database asked for whom the documents name, if that is needed.
  private func checkNames(of documents: ExportRun.Documents, isFirst: Bool = false) {
    guard case .resolved = options.references else { return }
    namesAhead.check(stored, isFirst: isFirst) { searched, names in
      func take(_ document: BSONView, _ kind: DocumentKind) throws {
        try reader.read(document, kind: kind) { resource in
          searched.take(from: resource.tree, at: 0, resolver: resolver, into: &names)
        } note: { _, _ in
        }
      }
      for bytes in documents.documents {
        // What cannot be read is told when it is written.
        guard let document = try? BSONView(bytes.pointer), (try? take(document, documents.kind)) != nil,
          !documents.charted.isEmpty, let id = try? DocumentReader.id(of: document)
        else { continue }
        try? withChart(in: document, id, documents) { try take($0, .chart) }
      }
    }
  }

  /// Tells of a chart within a patient that is left out, for there is another, and it is no copy of that.
  private func noteSecondChart(
    in document: BSONView, _ id: String, _ documents: ExportRun.Documents, _ batch: inout ExportBatch
  ) {
    guard documents.kind == .patient, let hash = documents.secondCharts[id],
      let chart = (try? document.find(string: ChartLayout.field))??.document
    else { return }
    var reason = "is left out: the patient has another chart, in the charts' own collection"
    if documents.changedCopies[id] != nil {
      reason = "was changed, and is a copy: what counts is the chart in the charts' own collection"
    } else if (try? chart.find(path: "_fhirline.hash"))??.text == hash {
      return
    }
    batch.notes.append(
      ExportSummary.Note(
        kind: DocumentKind.patient.rawValue, id: id, field: ChartLayout.field, reason: reason))
  }

  private func write(_ document: BSONView, _ kind: DocumentKind, into batch: inout ExportBatch) throws {
    let count = batch.items.count
    var notes: [ExportSummary.Note] = []
    try reader.read(document, kind: kind) { resource in
      try self.write(resource, into: &batch)
    } note: { field, reason in
      let id = (try? DocumentReader.id(of: document)) ?? "?"
      guard isAskedFor(field, kind, id) else { return }
      notes.append(ExportSummary.Note(kind: kind.rawValue, id: id, field: field, reason: reason))
    }
    // Of a document that is left out nothing is missed.
    if options.since == nil || batch.items.count > count { batch.notes += notes }
  }

  /// Whether a field of a document tells of a resource of the types asked for.
  private func isAskedFor(_ field: String, _ kind: DocumentKind, _ id: String) -> Bool {
    guard let types = options.types else { return true }
    guard let plan = mappings.plan(kind) else { return types.contains { id.hasPrefix($0 + "/") } }
    return plan.types(ofField: field).map { !types.isDisjoint(with: $0) } ?? true
  }

  private func write(_ resource: DocumentReader.Resource, into batch: inout ExportBatch) throws {
    let tree = resource.tree
    let type = tree.string(at: 0)
    if let types = options.types, !types.contains(type) { return }
    if let since = options.since {
      guard let meta, let lastUpdated, let element = tree.child(meta, of: 0),
        let node = tree.child(lastUpdated, of: element), let instant = InstantKey(tree.string(at: node)),
        instant >= since
      else { return }
    }
    if case .resolved = options.references { heal(tree, &batch) }
    let start = buffer.count
    // A line that is a Bundle is opened by whoever reads it, and no manifest says otherwise of a stream: one that is a resource is the
    // entry of a collection.
    let isWrapped = options.isStream && type == "Bundle"
    if isWrapped { buffer.append("{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[") }
    let issues =
      options.format == .bundle || isWrapped
      ? text.writeEntry(tree, fullURL: fullURL(of: resource, type: type)) : text.write(tree)
    if isWrapped { buffer.append("]}") }
    for issue in issues {
      // The type is told by itself.
      let field =
        issue.expression.hasPrefix(type + ".")
        ? issue.expression.dropFirst(type.count + 1) : issue.expression[...]
      batch.notes.append(
        ExportSummary.Note(
          kind: type, id: resource.id, field: String(field), reason: issue.message,
          isError: issue.severity >= .error))
    }
    let isNamed = options.format == .bundle || tree.child(names.id, of: 0) != nil
    batch.items.append(
      ExportBatch.Item(
        type: type, id: resource.id, range: start..<buffer.count,
        fullURL: isNamed ? nil : fullURL(of: resource, type: type)))
    buffer.append(UInt8(ascii: "\n"))
  }

  /// What a resource is called: in a Bundle its entry says so.
  private func fullURL(of resource: DocumentReader.Resource, type: String) -> String? {
    let id = resource.id
    if let own = resource.tree.child(names.id, of: 0), resource.tree.nodes[own].textLength > 0 {
      return "\(options.baseURL)/\(type)/\(resource.tree.string(at: own))"
    }
    // One without an id is on no server: see bundle.html#references.
    if id.wholeMatch(of: /[0-2](\.(0|[1-9][0-9]*))+/) != nil { return "urn:oid:" + id }
    if id.wholeMatch(of: /[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/) != nil {
      return "urn:uuid:" + id
    }
    return ResourceIdentity.isID(id) ? "\(options.baseURL)/\(type)/\(id)" : nil
  }

  /// Tries references again that found no target when they were imported.
  private func heal(_ tree: ResourceTree, _ batch: inout ExportBatch) {
    references.forEach(in: tree, from: 0, where: { _ in true }) { _, node, place in
      guard ReferenceText.needsResolving(tree.rawText(node)) else { return }
      switch self.resolver.resolve(node, in: tree, at: place) {
      case .asWritten: break
      case .target(_, let text): tree.replaceText(of: node, with: text)
      case .notFound, .unfit: batch.unresolvedReferences += 1
      }
    }
  }
}
