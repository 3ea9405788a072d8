package import BSON
package import FHIRModel

/// What a document holds when its fields are computed. The views are valid during the call only.
package struct DocumentContent {
  package var kind: DocumentKind
  /// The document's `_id`.
  package var id: String
  /// The root resource, whole.
  package var root: BSONView?
  /// Sections in the order of their names.
  package var sections: [Section]
  /// In the order of their starts.
  package var appointments: [AppointmentLink]
  /// `Patient/1`: the root's key, which does not have the prefix that `id` may have.
  package var rootKey: String?

  package struct Section {
    package var name: String
    package var items: FiledArray<BSONView>
    /// Whether items stand in the order of their keys for sure: an application may have put them into another.
    package var isInKeyOrder: Bool
    /// The files that items stand in, where they are too many for memory.
    package var files: [MappedBytes]

    package init(
      name: String, items: FiledArray<BSONView>, isInKeyOrder: Bool = true, files: [MappedBytes] = []
    ) {
      self.name = name
      self.isInKeyOrder = isInKeyOrder
      self.items = items
      self.files = files
    }
  }

  package init(
    kind: DocumentKind, id: String, root: BSONView?, sections: [Section], appointments: [AppointmentLink],
    rootKey: String? = nil
  ) {
    self.kind = kind
    self.id = id
    self.root = root
    self.sections = sections
    self.appointments = appointments
    self.rootKey = rootKey
  }

  package func items(of section: String) -> FiledArray<BSONView> {
    sections.first { $0.name == section }?.items ?? FiledArray()
  }
}

/// The fields that a mapping computes of a document's content, and what of the root they do not give back.
package struct DocumentFields {
  /// The mapped fields, in their order.
  package var fields: BSONDocument
  /// The root less what the fields alone give back exactly; nil where there is no root.
  package var residual: BSONDocument?
  /// By section: the items that fields were taken from. They belong on a document's first page, where the fields are.
  package var pinned: [String: Set<Int>]
  /// By field: the items of sections that gave it its value.
  var taken: [String: [SectionScan.Taken]] = [:]
  /// Fields that are made of the documents' relations: an application's change of them does not count.
  package var derived: Set<String>
  /// Fields that are taken from the root alone.
  package var ofRoot: Set<String>
  /// All fields that the mapping knows.
  var known: Set<String> = []

  package init(
    fields: BSONDocument, residual: BSONDocument?, pinned: [String: Set<Int>] = [:],
    derived: Set<String> = [], ofRoot: Set<String> = []
  ) {
    self.fields = fields
    self.residual = residual
    self.pinned = pinned
    self.derived = derived
    self.ofRoot = ofRoot
  }
}
