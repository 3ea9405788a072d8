extension DocumentKind: Comparable {
  package static func < (a: DocumentKind, b: DocumentKind) -> Bool { a.order < b.order }

  /// The order in which documents are exported.
  private var order: Int {
    switch self {
    case .patient: 0
    case .chart: 1
    case .provider: 2
    case .appointment: 3
    case .resource: 4
    }
  }
}
