/// The kinds of document that the platform keeps; the raw value names the mapping and, unless configured, the collection.
package enum DocumentKind: String, Sendable, CaseIterable, Comparable {
  case patient
  case patientChart = "patient_chart"
  case provider
  case appointment
  /// What has no home elsewhere, one resource a document; `_id` is `Type/id`.
  case resource

  package static func < (a: DocumentKind, b: DocumentKind) -> Bool { a.order < b.order }

  /// The order in which documents are exported.
  private var order: Int {
    switch self {
    case .patient: 0
    case .patientChart: 1
    case .provider: 2
    case .appointment: 3
    case .resource: 4
    }
  }
}
