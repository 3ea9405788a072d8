import BSON

extension DocumentAssembler {
  /// An assembler of the documents that these mappings describe.
  ///
  /// - Parameter prefix: what the source's documents have before their ids.
  package init(mappings: MappingSet, prefix: String = "", pageBytes: Int, pageEntries: Int = 20_000) {
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
    native = NativeContent(mappings: mappings)
    saidResources = { document, kind, id in
      try mappings.plan(kind)?.saidResources(of: document, id: id, prefix: prefix) ?? [:]
    }
  }
}
