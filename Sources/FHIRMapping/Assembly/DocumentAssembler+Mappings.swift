package import BSON

extension DocumentAssembler {
  /// A stored document by the names that it and others of the application's own are exported under, where these are others.
  package typealias Renamed = @Sendable (BSONView, DocumentKind) throws -> BSONDocument?

  /// An assembler of the documents that these mappings describe.
  ///
  /// - Parameter prefix: what the source's documents have before their ids.
  package init(
    mappings: MappingSet, prefix: String = "", pageBytes: Int, pageEntries: Int = 20_000,
    renamed: @escaping Renamed = { _, _ in nil }
  ) {
    self.init(
      pageBytes: pageBytes, pageEntries: pageEntries,
      computeFields: { content in
        guard let plan = mappings.plan(content.kind) else {
          return DocumentFields(
            fields: BSONDocument(), residual: content.root.map(BSONDocument.init(copying:)))
        }
        return try plan.fields(of: content)
      },
      restoreRoot: { document, kind in
        guard let plan = mappings.plan(kind) else {
          return try document.find("fhir")?.document.map(BSONDocument.init(copying:))
        }
        return try plan.root(ofStored: document).root
      },
      fingerprint: { mappings.plan($0)?.fingerprint ?? 0 })
    sectionName = { mappings.plan($0)?.member(ofType: $1)?.section.name }
    native = NativeContent(mappings: mappings, renamed: renamed)
    saidResources = { document, kind, id in
      guard let plan = mappings.plan(kind) else { return SaidResources() }
      if let other = try renamed(document, kind) {
        return try other.withView { try plan.saidResources(of: $0, id: id, prefix: prefix) }
      }
      return try plan.saidResources(of: document, id: id, prefix: prefix)
    }
  }
}
