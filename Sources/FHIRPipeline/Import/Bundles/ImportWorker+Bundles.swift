import FHIRFormats
import FHIRMapping
import FHIRModel
import Synchronization

/// Bundles: their entries are mapped when all of them are known, for they refer to each other.
extension ImportWorker {
  /// - Parameter unfinished: the Bundle, if the source broke off within it.
  func finishBundle(file: Int, _ unfinished: UnfinishedBundle? = nil) {
    guard var held = bundle else { return }
    bundle = nil
    if let unfinished {
      held.breakOff(unfinished)
      // Nothing is asked for its sake.
      if case .asking = pass, held.type == "transaction", context.run.honoursTransactions { return }
    }
    if waits(held) { return wait(held, file: file) }
    finish(held, file: file)
  }

  func finish(_ held: HeldBundle, file: Int) {
    let others = standing?.others
    standing?.others = { body in
      for entry in held.entries { entry.resource.map(body) }
    }
    defer {
      loaded = nil
      atHand = nil
      standing?.others = others
    }
    atHand = (held.mark, held.type)
    let source = context.files[file].name
    let resolver = context.resolver(held.index)
    if held.isHeld {
      if foreseen == nil { lookForNames(of: [held]) }
      let patients = WholePatients(held.patients.map { factory.documentID($0, .patient) })
      if held.type == "transaction", context.run.honoursTransactions {
        if pass.counts {
          return begin(held, file: file, source: source, resolver: resolver, whole: patients)
        } else if let mark = held.mark, context.refusedBundles.withLock({ $0.contains(mark) }) {
          return
        }
        loaded = context.files.count == 1 && !held.isLine ? .all : .own
      }
      let stored = storedEntries(of: held, resolver: resolver, whole: patients)
      for entry in stored?.rest ?? held.entries where !isKnown(entry.resource, entry.sequence, held) {
        handle(
          entry.record, entry.resource, source: source, resolver: resolver,
          sequence: held.moment(entry.sequence), whole: patients)
      }
      if let stored { count(stored) }
      loadWholes()
    } else {
      if held.type == "transaction", context.run.honoursTransactions {
        if pass.counts { return beginLarge(held, file: file, source: source, resolver: resolver) }
        if let mark = held.mark, context.refusedBundles.withLock({ $0.contains(mark) }) { return }
        loaded = context.files.count == 1 && !held.isLine ? .all : .own
      }
      readAgain(held, file: file, source: source, resolver: resolver)
    }
  }

  /// Whether the entry's resource is not made because there is one like it; then it is counted.
  func isKnown(_ resource: RecordResource?, _ sequence: UInt64, _ held: HeldBundle) -> Bool {
    guard held.known.contains(sequence), let resource else { return false }
    countKept(resource)
    return true
  }

  /// Counts a resource that is not loaded, though nothing is wrong with it.
  func countKept(_ resource: RecordResource) {
    guard pass.counts else { return }
    summary.types[resource.type, default: .init()].read += 1
    summary.types[resource.type, default: .init()].unchanged += 1
  }

  /// Whether an entry's resource is not loaded, though nothing is wrong with it: there is one like it, or what comes later is to count.
  func isKept(_ sequence: UInt64, _ held: HeldBundle?) -> Bool {
    held?.known.contains(sequence) == true
      || context.isPassedOver(held?.moment(sequence) ?? sequence)
  }

  /// Goes through a large Bundle a second time, now that all of its entries are known.
  ///
  /// - Parameter patients: of whom all is at hand.
  func readAgain(
    _ held: HeldBundle, file: Int, source: String, resolver: ReferenceResolver,
    whole patients: WholePatients = .none
  ) {
    forEachEntry(of: file, source: source, held) { record, resource, sequence in
      guard !isKnown(resource, sequence, held) else { return }
      handle(
        record, resource, source: source, resolver: resolver, sequence: held.moment(sequence),
        whole: patients)
    } whenBatchEnds: {
      if transaction == nil { loadWholes() }
    }
  }

  /// Reads the entries of a Bundle that is a file, or a line of one, each with its sequence.
  ///
  /// - Parameter held: tells which line it is, and of entries that stand for other resources than their own.
  func forEachEntry(
    of file: Int, source: String, _ held: HeldBundle? = nil,
    _ body: (Record, RecordResource?, UInt64) -> Void, whenBatchEnds: () -> Void = {}
  ) {
    func give(_ record: Record, _ sequence: UInt64) {
      guard case .entry = record.content else { return }
      let resource = RecordResource(record)
      if let target = held?.changed[sequence] { resource?.change(target) }
      resource?.isAmbiguous = held?.ambiguous.contains(sequence) == true
      body(record, resource, sequence)
    }
    if let line = held?.lineBatch, var sequence = held?.mark {
      line.forEach { record in
        give(record, sequence)
        sequence += 1
      }
      return whenBatchEnds()
    }
    do {
      let reader = try context.files[file].open(options: context.run.reading)
      var step: UInt64 = 0
      while !context.mustStop, let batch = try reader.nextBatch() {
        var number: UInt64 = 0
        batch.forEach { record in
          number += 1
          give(record, UInt64(file) << 40 | step << 20 | number)
        }
        step += 1
        whenBatchEnds()
      }
    } catch {
      context.failReadingAgain(file, "\(error)")
    }
  }

  /// The `_id` of the document of a resource that has one of its own.
  func documentID(_ id: String, _ kind: DocumentKind) -> String { factory.documentID(id, kind) }
}
