import BSON
import DocumentStore
import FHIRMapping

/// Sources share a database under prefixed `_id`s, while their resources keep their own ids: two hospitals' `Patient/1` must not
/// meet in one export.
extension ExportRun {
  /// The documents of the source asked for; all where none is.
  func sourceFilter(_ kind: DocumentKind) throws -> BSONDocument {
    guard let source = options.source else { return [:] }
    // A source is letters, digits and hyphens: nothing in it means anything to a pattern.
    let pattern = kind == .resource ? "^[A-Za-z]+/\(source)\\." : "^\(source)\\."
    return try BSONDocument(["_id": ["$regex": .string(pattern)]])
  }

  /// A patient's id as documents have it.
  func documentID(ofPatient id: String) -> String { options.source.map { "\($0).\(id)" } ?? id }

  /// What the documents have before their ids: of the source asked for, or of the only one. Refuses to mix the resources of several.
  func sourcePrefix(_ store: DocumentStore) throws -> String {
    if let source = options.source { return source + "." }
    var sources: Set<String> = []
    try store.withConnection { connection in
      for kind in [DocumentKind.patient, .provider] {
        try connection.find(
          try BSONDocument(["_fhirline.key": ["$exists": true]]), in: collections[kind] ?? kind.rawValue,
          options: FindOptions(projection: ["_fhirline.key": 1])
        ) { document in
          guard let id = try document.find("_id")?.text,
            let key = try document.find(path: "_fhirline.key")?.text
          else { return }
          let own = key.drop { $0 != "/" }.dropFirst()
          sources.insert(id.hasSuffix("." + own) ? String(id.dropLast(own.count + 1)) : "")
        }
      }
    }
    guard sources.count > 1 else { return sources.first.map { $0.isEmpty ? "" : $0 + "." } ?? "" }
    let names = sources.sorted().map { $0.isEmpty ? "(none)" : $0 }.joined(separator: ", ")
    throw PipelineFailure(
      .usage,
      "this database holds resources of several sources (\(names)), whose ids may be the same: name one with --source"
    )
  }
}
