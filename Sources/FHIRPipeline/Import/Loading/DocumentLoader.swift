import BSON
package import DocumentStore
package import FHIRMapping
import Synchronization

/// Writes documents in batches: asks what is there, inserts what is new, merges and replaces what changed, skips what is equal.
///
/// Several threads load, each the documents whose ids fall to it, so that no two batches meet at one document.
package final class DocumentLoader: DocumentSink {
  /// What became of a document's resources.
  package typealias Counted = @Sendable (Tally) -> Void
  /// A document that the database refused.
  package typealias Refused = @Sendable (Assembly, _ reason: String) -> Void

  /// What waits for a thread.
  private enum Load: Sendable {
    case documents([LoadRequest])
    case transaction(BundleTransaction)
  }

  private static let documentsPerBatch = 500
  /// More brings no speed, and costs the memory several times over: libmongoc copies what it sends.
  private static let bytesPerBatch = 1 << 20
  /// Bytes of documents on their way to the database. Batches that are gathered and not yet full hold less than half.
  private static let bytesOnTheirWay = 4 << 20
  /// MongoDB gives each connection a thread: two write faster than one, and more have to wait for each other.
  private static let lanes = 2

  let store: DocumentStore
  let states: StoredStates
  let assembler: DocumentAssembler
  private let queues: [BoundedQueue<Load>]
  private let budget = ByteBudget(limit: DocumentLoader.bytesOnTheirWay)
  private let failure = Mutex<PipelineFailure?>(nil)
  let counted: Counted
  /// Deletes what transactions delete.
  let deletions: DeletionRun?
  private let refused: Refused
  let departures: Departures?
  private let threads = Mutex<[WorkerThread]>([])

  package convenience init(
    store: DocumentStore, states: StoredStates, assembler: DocumentAssembler, counted: @escaping Counted,
    refused: @escaping Refused
  ) {
    self.init(
      store: store, states: states, assembler: assembler, counted: counted, refused: refused, deletions: nil)
  }

  /// - Parameter deletions: does what transactions delete, and knows who takes whoever loses an appointment.
  init(
    store: DocumentStore, states: StoredStates, assembler: DocumentAssembler, counted: @escaping Counted,
    refused: @escaping Refused, deletions: DeletionRun?
  ) {
    self.deletions = deletions
    departures = deletions?.departures
    self.store = store
    self.states = states
    self.assembler = assembler
    self.counted = counted
    self.refused = refused
    queues = (0..<DocumentLoader.lanes).map { _ in BoundedQueue(limit: .max) }
  }

  /// Begins loading on threads of its own.
  package func start() {
    let started = queues.map { queue in WorkerThread { [self] in run(queue) } }
    threads.withLock { $0 = started }
  }

  private func run(_ queue: BoundedQueue<Load>) {
    // Small batches are gathered: every exchange with the server costs as much as some tens of documents.
    var gathered: [DocumentKind: Gathered] = [:]
    var following: Load?
    while let load = following ?? queue.pop() {
      following = nil
      guard case .documents(let batch) = load else {
        if case .transaction(let transaction) = load {
          following = write(transaction, andThoseBehindItIn: queue)
        }
        continue
      }
      for request in batch {
        let kind = request.document.kind
        gathered[kind, default: Gathered()].add(request)
        if gathered[kind]?.isEnough ?? false {
          send(kind, of: &gathered)
        } else if gathered.values.reduce(0, { $0 + $1.bytes }) >= DocumentLoader.bytesPerBatch,
          let largest = gathered.max(by: { $0.value.bytes < $1.value.bytes })
        {
          send(largest.key, of: &gathered)
        }
      }
    }
    for kind in gathered.keys.sorted() { send(kind, of: &gathered) }
  }

  /// Writes a transaction, together with small ones that wait behind it; returns what else it took from the queue.
  private func write(_ first: BundleTransaction, andThoseBehindItIn queue: BoundedQueue<Load>) -> Load? {
    var group = TransactionGroup(first)
    var following: Load?
    while following == nil, group.hasRoom, let next = queue.popIfAny() {
      if case .transaction(let transaction) = next, group.add(transaction) { continue }
      following = next
    }
    write(group)
    budget.giveBack(group.byteCount)
    return following
  }

  private func send(_ kind: DocumentKind, of gathered: inout [DocumentKind: Gathered]) {
    // Charts go into documents of patients, which are then best there.
    if kind == .chart, states.layout != .collection, gathered[.patient] != nil {
      send(.patient, of: &gathered)
    }
    guard let whole = gathered.removeValue(forKey: kind) else { return }
    load(whole.requests, kind: kind)
    budget.giveBack(whole.bytes)
  }

  private static func bytes(of requests: some Sequence<LoadRequest>) -> Int {
    requests.reduce(0) { $0 + $1.document.byteCount }
  }

  /// Documents of one kind on their way into one exchange with the server.
  private struct Gathered {
    var requests: [LoadRequest] = []
    var bytes = 0

    var isEnough: Bool { bytes >= DocumentLoader.bytesPerBatch || requests.count >= documentsPerBatch }

    mutating func add(_ request: LoadRequest) {
      requests.append(request)
      bytes += request.document.byteCount
    }
  }

  /// Hands documents over; waits while the database is behind. False once loading has failed.
  package func put(_ requests: [LoadRequest]) -> Bool {
    var lanes = [[LoadRequest]](repeating: [], count: queues.count)
    for request in requests {
      // One that is larger than what may wait does not: whoever made it loads it, and then lets go of it.
      if request.document.isLent || request.document.byteCount > DocumentLoader.bytesPerBatch * 4 {
        load([request], kind: request.document.kind)
        continue
      }
      // Other bits than those that decide the partition of the spill.
      lanes[Int((NameHash.of(request.id) >> 40) % UInt64(queues.count))].append(request)
    }
    for (queue, lane) in zip(queues, lanes) where !lane.isEmpty {
      guard budget.take(DocumentLoader.bytes(of: lane)), queue.push(.documents(lane)) else { return false }
    }
    return true
  }

  /// Hands over documents that are written together or not at all.
  func put(_ transaction: BundleTransaction) -> Bool {
    if transaction.isEmpty {
      transaction.ended(.committed(deleted: 0))
      return true
    }
    if transaction.isLarge {
      write(transaction)
      return !hasFailed
    }
    let lane = Int((NameHash.of(transaction.firstID) >> 40) % UInt64(queues.count))
    return budget.take(transaction.byteCount) && queues[lane].push(.transaction(transaction))
  }

  /// Waits until all is written; returns why that was not possible.
  package func finish() -> PipelineFailure? {
    for queue in queues { queue.close() }
    threads.withLock { threads in
      for thread in threads { thread.join() }
      threads = []
    }
    return failure.withLock { $0 }
  }

  var deletesInTransactions: Bool { deletions != nil }

  package var hasFailed: Bool { failure.withLock { $0 != nil } }

  private func load(_ requests: [LoadRequest], kind: DocumentKind) {
    guard !hasFailed else { return }
    do {
      let areNew = try !states.hadDocuments(kind)
      try states.awaitRoom(for: kind)
      let findings = BatchFindings()
      var uncopied: [UncopiedChart] = []
      var isFirst = true
      try store.persevering { connection in
        defer { isFirst = false }
        findings.begin()
        var loader = CollectionLoader(
          place: states.place(of: kind), assembler: assembler,
          hasTransactions: store.server.hasTransactions, counted: { findings.count($0) },
          refused: { findings.refuse($0, $1) }, findings: findings,
          departures: departures)
        let copies = CopiedCharts(kind, states, assembler)
        try inform(&loader, kind, copies)
        // What a try that broke off has written was not there when it was asked for.
        try loader.load(
          isFirst ? requests : requests.map { LoadRequest($0.document) }, areNew: areNew && isFirst,
          connection)
        uncopied = try copies.update(requests.map(\.id), connection)
      }
      findings.tell(counted, refused)
      states.tell(uncopied)
    } catch {
      fail(DocumentLoader.failure(error))
    }
  }

  /// Has a loader ask for what it cannot know of documents of a kind by itself.
  ///
  func inform(_ loader: inout CollectionLoader, _ kind: DocumentKind, _ copies: CopiedCharts) throws {
    copies.attend(to: &loader)
    loader.strays = try states.strays(of: kind)
    loader.keepsStrays = states.layout == .both
    loader.ownAppointments = { [states] in try states.ownAppointments(in: $0, kind) }
    loader.ownPatients = { [states] in try states.ownPatients(among: $0, $1) }
    guard kind == .patient else { return }
    loader.giveCharts = { [states, assembler, refused = loader.refused] ids, connection in
      try states.awaitRoom(for: .chart)
      let charts = try ids.map { try assembler.emptyDocument(.chart, $0) }
      try states.add(charts, of: .chart, assembler, connection, refused: refused)
    }
  }

  /// Why loading cannot go on.
  static func failure(_ error: any Error) -> PipelineFailure {
    switch error {
    case let error as StoreError:
      PipelineFailure(
        .stopped,
        "\(error.message); what was loaded so far is whole: \(remedy(error.code))run the import again to go on"
      )
    case let error as PipelineFailure: error
    default: PipelineFailure(.stopped, "loading stopped: \(error)")
    }
  }

  private static func remedy(_ code: StoreError.Code) -> String {
    switch code {
    case .diskFull: "make room there, and "
    // A mongod whose disk is full ends itself, often before it has told anybody.
    case .connectionLost: "see to the server, whose log says whether its disk is full, and "
    default: ""
    }
  }

  func fail(_ error: PipelineFailure) {
    failure.withLock { $0 = $0 ?? error }
    budget.close()
    for queue in queues { queue.close() }
  }
}
