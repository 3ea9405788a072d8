import DocumentStore
import FHIRMapping
import Synchronization

/// Brings the copies up to date of charts that a loader changes, but for those that an application changed, which are told
/// (``ChartCopy``). Does nothing where documents have no copies.
struct CopiedCharts {
  private let states: StoredStates
  /// Whether the documents have copies.
  private let areCopied: Bool
  private let former: FormerCharts

  init(_ kind: DocumentKind, _ states: StoredStates, _ assembler: DocumentAssembler) {
    self.states = states
    areCopied = kind == .chart && states.layout == .both
    former = FormerCharts(derived: assembler.derivedFields(.chart))
  }

  /// Has a loader note what charts say before it changes them.
  func attend(to loader: inout CollectionLoader) {
    guard areCopied else { return }
    loader.changing = { [former] in try former.note($0, $1) }
  }

  /// Returns the copies that are not as their charts are now, and why: to be told when all is written (``UncopiedCharts``).
  func update(_ ids: [String], _ connection: borrowing StoreConnection) throws -> [UncopiedChart] {
    guard areCopied else { return [] }
    // What `_id`s a collection has is known once it was asked about.
    for kind in [DocumentKind.patient, .chart] { _ = try states.hadDocuments(kind) }
    return try ChartMirror(charts: states.place(of: .chart), copies: states.embeddedCharts)
      .update(ids, after: former, connection)
  }
}

/// A chart that is loaded, and whose copy stays another.
struct UncopiedChart: Sendable {
  let id: String
  let reason: String
}

/// Tells of charts whose copies stay others, once in a run: more than one of its stages may meet them.
final class UncopiedCharts: Sendable {
  private struct State {
    var told: Set<UInt64> = []
    var tell: @Sendable (String) -> Void = { _ in }
  }

  private let state = Mutex(State())
  /// More are told as often as they are met.
  private static let mostRemembered = 100_000

  /// - Parameter tell: takes a line about what is wrong.
  func begin(_ tell: @escaping @Sendable (String) -> Void) { state.withLock { $0.tell = tell } }

  func tell(_ charts: [UncopiedChart], in collection: String) {
    for chart in charts {
      let tell = state.withLock { state -> (@Sendable (String) -> Void)? in
        if state.told.count >= UncopiedCharts.mostRemembered { state.told = [] }
        return state.told.insert(NameHash.of(chart.id)).inserted ? state.tell : nil
      }
      tell?(
        "\(collection) \(chart.id): the chart is loaded, and its copy in the patient's document is not: \(chart.reason)"
      )
    }
  }
}
