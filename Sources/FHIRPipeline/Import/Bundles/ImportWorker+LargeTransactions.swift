import FHIRFormats
import FHIRMapping
import FHIRModel
import Foundation

/// Transaction Bundles too large to be held: their parts wait in a spill of their own, from which they go to the database in one
/// transaction all the same.
extension ImportWorker {
  /// Bytes of documents that go out together.
  private static let bytesPerBatch = 1 << 20

  /// Maps a large transaction Bundle, and loads it; where an entry cannot be loaded, none is.
  func beginLarge(_ held: HeldBundle, file: Int, source: String, resolver: ReferenceResolver) {
    guard mayBegin(source) else { return }
    let open = OpenTransaction()
    open.place = (file, held.line)
    open.mark = held.mark
    open.isAlone = context.files.count == 1
    let size = context.files[file].size
    let spill = SpillStore(expectedBytes: size * 5 / 4, folder: NSTemporaryDirectory())
    open.spill = spill
    let patients = held.patients.map { documentID($0) }
    transaction = open
    readAgain(held, file: file, source: source, resolver: resolver, whole: patients)
    transaction = nil
    guard !context.mustStop else { return }
    guard open.failures.isEmpty, !held.hasUnreadable else {
      refuseLarge(held, open, file: file, source: source)
      return
    }
    chooseDeletions(of: open)
    let assembler = context.assembler
    hand(
      BundleTransaction(
        large: open.spilledBytes, documentIDs: open.owners.mapValues { $0.sorted() },
        deletions: open.deleted,
        forEachBatch: { put in try ImportWorker.forEachBatch(of: spill, assembler, put) },
        ended: whenEnded(open)))
    while !pending.isEmpty { endOne() }
  }

  /// Puts the documents of a spill together, as often as they are wanted.
  private static func forEachBatch(
    of spill: SpillStore, _ assembler: DocumentAssembler, _ put: ([LoadRequest]) throws -> Void
  ) throws {
    var memory = PageMemory()
    for number in 0..<spill.partitionCount {
      var parts = PartBuffer()
      try spill.copy(number, into: &parts)
      let groups = DocumentGroups(parts)
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
        guard bytes >= ImportWorker.bytesPerBatch else { continue }
        try put(requests)
        requests = []
        bytes = 0
      }
      if !requests.isEmpty { try put(requests) }
    }
  }

  /// Sets the entries of a large Bundle aside, which is read for that once more.
  private func refuseLarge(_ held: HeldBundle, _ open: OpenTransaction, file: Int, source: String) {
    noteRefusal(of: held, open)
    forEachEntry(of: file, source: source) { record, sequence in
      setAside(record, RecordResource(record), sequence, held, open, source)
    }
  }

  func countSpilledAsRefused(_ open: OpenTransaction) {
    guard let spill = open.spill else { return }
    do {
      for number in 0..<spill.partitionCount {
        var parts = PartBuffer()
        try spill.copy(number, into: &parts)
        let groups = DocumentGroups(parts)
        for group in groups.groups {
          var draft = DocumentDraft(kind: group.kind, id: groups.id(of: group))
          draft.merge(groups.parts(of: group))
          context.ledger.countRefused(draft)
        }
      }
    } catch {
      context.fail(error)
    }
  }
}
