import FHIRMapping
import Synchronization

/// The documents whose parts are in a spill, put together as often as they are wanted.
struct SpilledDocuments: Sendable {
  private let spill: SpillStore
  private let assembler: DocumentAssembler

  /// Bytes of documents that go out together.
  private static let bytesPerBatch = 1 << 20
  /// Bytes of partitions whose documents are not all written.
  private static let bytesAtOnce = 16 << 20

  init(_ spill: SpillStore, _ assembler: DocumentAssembler) {
    self.spill = spill
    self.assembler = assembler
  }

  /// The parts of a partition, as long as documents are made of them.
  private final class Partition: @unchecked Sendable {
    // Safe to share: the parts are filled before anybody else sees them, and then only read.
    var parts = PartBuffer()
    private let bytes: Int
    private let budget: ByteBudget

    init(_ bytes: Int, _ budget: ByteBudget) {
      self.bytes = bytes
      self.budget = budget
    }

    deinit { budget.giveBack(bytes) }
  }

  /// Documents, with what lends them their content.
  private struct Batch: Sendable {
    let requests: [LoadRequest]
    let partition: Partition
  }

  /// Hands the documents over; while some are written the next are put together, on a thread of its own.
  func forEachBatch(_ put: ([LoadRequest]) throws -> Void) throws {
    let queue = BoundedQueue<Batch>(limit: 2)
    let failure = Mutex<(any Error)?>(nil)
    let thread = WorkerThread { [self] in
      do {
        try assemble(into: queue)
      } catch {
        failure.withLock { $0 = error }
      }
      queue.close()
    }
    defer {
      queue.close()
      while queue.pop() != nil {}
      thread.join()
    }
    while let batch = queue.pop() {
      try withExtendedLifetime(batch.partition) { try put(batch.requests) }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  private func assemble(into queue: BoundedQueue<Batch>) throws {
    let budget = ByteBudget(limit: SpilledDocuments.bytesAtOnce)
    var memory = PageMemory()
    for number in 0..<spill.partitionCount {
      let size = spill.size(of: number)
      guard budget.take(size) else { return }
      let partition = Partition(size, budget)
      try spill.copy(number, into: &partition.parts)
      let groups = DocumentGroups(partition.parts)
      var requests: [LoadRequest] = []
      var bytes = 0
      for group in groups.groups {
        var draft = DocumentDraft(kind: group.kind, id: groups.id(of: group))
        draft.merge(groups.parts(of: group))
        let document: Assembly
        do {
          document = try assembler.assemble(draft, hash: assembler.hash(of: draft), in: &memory, lends: true)
        } catch {
          throw BundleTransaction.Failure.document("the document could not be put together: \(error)")
        }
        requests.append(LoadRequest(document))
        bytes += document.byteCount
        guard bytes >= SpilledDocuments.bytesPerBatch else { continue }
        guard queue.push(Batch(requests: requests, partition: partition)) else { return }
        requests = []
        bytes = 0
      }
      if !requests.isEmpty, !queue.push(Batch(requests: requests, partition: partition)) { return }
    }
  }
}
