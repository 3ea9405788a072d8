import FHIRFormats
import FHIRMapping
import FHIRModel
import Foundation

/// Transaction Bundles too large to be held: their parts wait in a spill of their own, from which they go to the database in one
/// transaction all the same.
extension ImportWorker {
  /// Maps a large transaction Bundle, and loads it; where an entry cannot be loaded, none is.
  func beginLarge(_ held: HeldBundle, file: Int, source: String, resolver: ReferenceResolver) {
    let open = openLarge(file: file)
    open.place.line = held.line
    if held.isLine { open.isAlone = false }
    open.mark = held.mark
    open.hasUnreadable = held.hasUnreadable
    open.isUnfinished = held.isUnfinished
    transaction = open
    readAgain(
      held, file: file, source: source, resolver: resolver,
      whole: WholePatients(many: held.patients.lazy.map { self.documentID($0, .patient) }))
    transaction = nil
    finishLarge(open, file: file, source: source, resolver: resolver, held)
  }

  func openLarge(file: Int) -> OpenTransaction {
    let open = OpenTransaction()
    open.place = (file, nil)
    open.isAlone = context.files.count == 1
    open.spill = SpillStore(
      expectedBytes: context.files[file].size * 5 / 4, folder: NSTemporaryDirectory())
    return open
  }

  /// Loads a large transaction whose entries are all mapped, or sets it aside.
  ///
  /// - Parameter held: tells of entries that stand for other resources than their own.
  func finishLarge(
    _ open: OpenTransaction, file: Int, source: String, resolver: ReferenceResolver, _ held: HeldBundle? = nil
  ) {
    guard !context.mustStop, let spill = open.spill else { return }
    refuseRepeated(in: open) { body in
      forEachEntry(of: file, source: source, held) { record, resource, sequence in
        if !isKept(sequence, held) { body(record, resource, sequence) }
      }
    }
    guard open.failures.isEmpty, !open.hasUnreadable else {
      // For that the Bundle is read once more.
      noteRefusal(of: open)
      forEachEntry(of: file, source: source, held) { record, resource, sequence in
        setAside(
          record, resource, sequence, isKept: isKept(sequence, held), open, source)
      }
      tellFollowers(of: open, source)
      return
    }
    chooseDeletions(of: open)
    let documents = SpilledDocuments(spill, context.assembler)
    hand(
      BundleTransaction(
        large: open.spilledBytes, documentIDs: owners(of: open, in: spill),
        deletions: open.deleted,
        forEachBatch: { put in try documents.forEachBatch(put) },
        ended: whenEnded(open)))
    while !pending.isEmpty { endOne() }
  }

  /// By kind: the documents that a transaction's deletions may look for resources in first.
  private func owners(of open: OpenTransaction, in spill: SpillStore) -> [DocumentKind: [String]] {
    var owners: [DocumentKind: [String]] = [:]
    for kind in open.kinds { owners[kind] = [] }
    if open.deleted.isEmpty { return owners }
    forEachGroup(in: spill) { group, groups in
      if group.kind == .patient || group.kind == .chart { owners[group.kind]?.append(groups.id(of: group)) }
    }
    return owners
  }

  func countSpilledAsRefused(_ open: OpenTransaction) {
    guard let spill = open.spill else { return }
    forEachGroup(in: spill) { group, groups in
      var draft = DocumentDraft(kind: group.kind, id: groups.id(of: group))
      draft.merge(groups.parts(of: group))
      context.ledger.countRefused(draft)
    }
  }

  /// Hands over what is in a spill, document by document.
  private func forEachGroup(in spill: SpillStore, _ body: (DocumentGroups.Group, DocumentGroups) -> Void) {
    do {
      for number in 0..<spill.partitionCount {
        var parts = PartBuffer()
        try spill.copy(number, into: &parts)
        let groups = DocumentGroups(parts)
        for group in groups.groups { body(group, groups) }
      }
    } catch {
      context.fail(error)
    }
  }
}
