import BSON

extension DocumentAssembler {
  /// An assembler of the documents that these mappings describe.
  package init(mappings: MappingSet, pageBytes: Int) {
    self.init(
      pageBytes: pageBytes,
      computeFields: { content in
        DocumentFields(fields: BSONDocument(), residual: content.root.map(BSONDocument.init(copying:)))
      },
      restoreRoot: { document, _ in try document.find("fhir")?.document.map(BSONDocument.init(copying:)) })
  }
}
