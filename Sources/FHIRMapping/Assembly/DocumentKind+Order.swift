extension DocumentKind: Comparable {
  package static func < (a: DocumentKind, b: DocumentKind) -> Bool { a.number < b.number }

  /// The place in the order in which documents are exported.
  package var number: Int {
    switch self {
    case .patient: 0
    case .chart: 1
    case .provider: 2
    case .appointment: 3
    case .resource: 4
    }
  }
}
