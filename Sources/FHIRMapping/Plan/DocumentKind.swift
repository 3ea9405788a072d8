/// The kinds of document that the platform keeps.
package enum DocumentKind: String, Sendable, CaseIterable, BitwiseCopyable {
  case patient
  case chart = "patient_chart"
  case provider
  case appointment
  /// Every resource that is nobody's root or section.
  case resource

  /// The kinds that a mapping file describes, one each.
  package static var mapped: [DocumentKind] { [.patient, .chart, .provider, .appointment] }
}

/// Where a resource lives: the one document that it is the root or an item of.
package struct Home: Hashable, Sendable {
  package var kind: DocumentKind
  /// The document's `_id`.
  package var documentID: String
  /// The section that holds it; nil for a document's root.
  package var section: String?
  /// `Type/id`: unique within its document.
  package var key: String

  package init(kind: DocumentKind, documentID: String, section: String?, key: String) {
    self.kind = kind
    self.documentID = documentID
    self.section = section
    self.key = key
  }
}
